import { useState } from "preact/hooks";
import { cleanText } from "../state/clean-text.ts";
import { countText, cutText } from "../state/format.ts";

/** How much of a long text is shown at first, and how much more with each wish for more. */
const first = { lines: 14, characters: 2_000 };
const factor = 12;

/** A text of a machine, as it is but for what only a terminal understands; long ones are cut. */
export function LongText({ text, label }: { readonly text: string; readonly label: string }) {
  const [step, setStep] = useState(0);
  const times = factor ** step;
  const { shown, moreLines, isCut } = cutText(text, {
    lines: first.lines * times,
    characters: first.characters * times,
  });
  const isMuch = step > 0;
  return (
    <div class="long-text">
      <pre tabIndex={isMuch ? 0 : undefined} aria-label={label} data-much={isMuch || undefined}>
        {cleanText(shown)}
      </pre>
      {(isCut || step > 0) && (
        <div class="long-text-more">
          {isCut && (
            <button type="button" class="button small plain" onClick={() => setStep(step + 1)}>
              Show more{" "}
              <span class="quiet">
                (
                {moreLines > 1
                  ? `${countText(moreLines)} lines`
                  : `${countText(text.length - shown.length)} characters`}
                )
              </span>
            </button>
          )}
          {step > 0 && (
            <button type="button" class="button small plain" onClick={() => setStep(0)}>
              Show less
            </button>
          )}
        </div>
      )}
    </div>
  );
}
