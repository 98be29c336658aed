import { useState } from "preact/hooks";
import { cleanText } from "../state/clean-text.ts";
import { cutText } from "../state/format.ts";

const first = { lines: 60, characters: 8_000 };
const factor = 12;

const sorts: Readonly<Record<string, string>> = { "+": "added", "-": "removed", "@": "place" };

/** A diff, line by line. */
export function DiffView({ diff }: { readonly diff: string }) {
  const [step, setStep] = useState(0);
  const times = factor ** step;
  const limits = { lines: first.lines * times, characters: first.characters * times };
  const { shown, moreLines, isCut } = cutText(diff, limits);
  return (
    <div class="long-text">
      <pre class="diff" tabIndex={0} aria-label="Diff">
        {cleanText(shown)
          .split("\n")
          .map((line, place) => (
            <span key={place} data-sort={sorts[line.charAt(0)]}>
              {line}
              {"\n"}
            </span>
          ))}
      </pre>
      {isCut && (
        <button type="button" class="button small plain" onClick={() => setStep(step + 1)}>
          Show more <span class="quiet">({moreLines} lines)</span>
        </button>
      )}
    </div>
  );
}
