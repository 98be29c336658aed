import { useRef, useState } from "preact/hooks";
import { CopyButton } from "./copy-button.tsx";

/** What is shown to somebody that the bridge does not know. */
export function SignIn({
  reason,
  onKey,
}: {
  readonly reason: string | null;
  readonly onKey: (key: string) => void;
}) {
  const [key, setKey] = useState("");
  const field = useRef<HTMLInputElement>(null);
  const give = (event: Event): void => {
    event.preventDefault();
    const given = key.trim();
    setKey("");
    if (given === "") field.current?.focus();
    else onKey(given);
  };
  return (
    <main class="sign-in">
      <h1>Sign in</h1>
      {reason !== null && (
        <p class="trouble" role="alert">
          {reason}
        </p>
      )}
      <p>On the machine where the bridge runs, this opens the page signed in:</p>
      <div class="command">
        <code>agent-bridge portal</code>
        <CopyButton text="agent-bridge portal" />
      </div>
      <form onSubmit={give}>
        <label for="key">Or use an API key</label>
        <div class="field-row">
          <input
            ref={field}
            id="key"
            type="password"
            autocomplete="off"
            spellcheck={false}
            value={key}
            onInput={(event) => setKey(event.currentTarget.value)}
            aria-describedby="key-hint"
          />
          <button type="submit" class="button primary">
            Sign in
          </button>
        </div>
        <p id="key-hint" class="quiet">
          The key stays in this tab's memory only: after a reload you will be asked again.
        </p>
      </form>
    </main>
  );
}
