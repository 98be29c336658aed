import { useId, useState } from "preact/hooks";
import { exactText, jsonText } from "../state/clean-text.ts";
import { durationText } from "../state/format.ts";
import { contentOf, fieldsOf, type QuestionField } from "../state/question-fields.ts";
import type { Question } from "../state/wire.ts";
import { useNow, usePortal } from "./use-portal.ts";

/** What an agent wants to know before it goes on: the thing itself, exactly, and the two answers. */
export function QuestionCard({ question }: { readonly question: Question }) {
  const portal = usePortal();
  const id = useId();
  const now = useNow(true);
  const [isSending, setIsSending] = useState(false);
  const [values, setValues] = useState<ReadonlyMap<string, string>>(new Map());
  const isInput = question.type === "input";
  const fields = isInput ? fieldsOf(question) : [];
  const leftMs = Date.parse(question.deadlineAt) - now;
  const answer = async (action: "accept" | "decline"): Promise<void> => {
    setIsSending(true);
    const content = isInput && action === "accept" ? { content: contentOf(fields, values) } : {};
    await portal.answer(question, { action, ...content });
    setIsSending(false);
    document.querySelector<HTMLElement>("#message")?.focus();
  };
  return (
    <section class="question" aria-labelledby={`${id}-title`}>
      <p class="question-kind">{isInput ? "The agent asks" : "The agent wants your approval"}</p>
      <h2 id={`${id}-title`}>{exactText(question.title)}</h2>
      <Details details={question.details} isInput={isInput} />
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void answer("accept");
        }}
      >
        {fields.map((field) => (
          <Field
            key={field.name}
            field={field}
            id={`${id}-${field.name}`}
            value={values.get(field.name) ?? ""}
            onValue={(value) => setValues(new Map(values).set(field.name, value))}
          />
        ))}
        <div class="question-actions">
          <button type="submit" class="button primary" disabled={isSending || leftMs <= 0}>
            {isInput ? "Answer" : "Accept"}
          </button>
          <button
            type="button"
            class="button"
            disabled={isSending || leftMs <= 0}
            onClick={() => void answer("decline")}
          >
            Decline
          </button>
          <span class="quiet tabular deadline">
            {leftMs > 0 ? `Counts as declined in ${durationText(leftMs)}` : "The time is over"}
          </span>
        </div>
      </form>
    </section>
  );
}

/** Everything that decides what will be done, with nothing left out and nothing invisible. */
function Details({
  details,
  isInput,
}: {
  readonly details: Question["details"];
  readonly isInput: boolean;
}) {
  const entries = Object.entries(details).filter(
    ([name]) => !(isInput && (name === "questions" || name === "form")),
  );
  return (
    <dl class="details">
      {entries.map(([name, value]) => (
        <div key={name}>
          <dt>{exactText(name)}</dt>
          <dd>
            <pre tabIndex={0}>{exactText(jsonText(value))}</pre>
          </dd>
        </div>
      ))}
    </dl>
  );
}

interface FieldParts {
  readonly field: QuestionField;
  readonly id: string;
  readonly value: string;
  readonly onValue: (value: string) => void;
}

function Field({ field, id, value, onValue }: FieldParts) {
  const { label, hint, choices, type } = field;
  const choose = type === "boolean" ? ["true", "false"] : choices;
  return (
    <div class="question-field">
      <label for={id}>{exactText(label)}</label>
      {choose.length > 0 ? (
        <select id={id} value={value} onChange={(event) => onValue(event.currentTarget.value)}>
          <option value="">Choose…</option>
          {choose.map((choice) => (
            <option key={choice} value={choice}>
              {type === "boolean" ? (choice === "true" ? "Yes" : "No") : exactText(choice)}
            </option>
          ))}
        </select>
      ) : (
        <TextField field={field} id={id} value={value} onValue={onValue} />
      )}
      {hint !== "" && <p class="quiet">{exactText(hint)}</p>}
    </div>
  );
}

function TextField({ field, id, value, onValue }: FieldParts) {
  const shared = {
    id,
    value,
    autocomplete: "off",
    onInput: (event: preact.TargetedInputEvent<HTMLInputElement>) =>
      onValue(event.currentTarget.value),
  };
  if (field.isSecret) return <input type="password" {...shared} />;
  return <input type="text" inputMode={field.type === "number" ? "decimal" : "text"} {...shared} />;
}
