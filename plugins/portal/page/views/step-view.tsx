import { memo } from "preact/compat";
import { useState } from "preact/hooks";
import { cleanText, jsonText, oneLine } from "../state/clean-text.ts";
import { durationText, inputText } from "../state/format.ts";
import type { TimelineItem } from "../state/timeline.ts";
import { DiffView } from "./diff-view.tsx";
import { LongText } from "./long-text.tsx";

/** One step: a line, and behind it everything. */
export const StepView = memo(({ item }: { readonly item: TimelineItem }) => {
  switch (item.type) {
    case "thinking":
      return <Thinking item={item} />;
    case "tool":
      return <Tool item={item} />;
    case "file":
      return <File item={item} />;
    case "notice":
      return (
        <li class="step" data-type="notice">
          <span class="step-line">
            <span class="bullet" aria-hidden="true" />
            <span class="step-text">{cleanText(item.text)}</span>
          </span>
        </li>
      );
    case "text":
    case "plan":
    case "question":
    case "attempt":
      return null;
  }
});

type Of<T extends TimelineItem["type"]> = { readonly item: Extract<TimelineItem, { type: T }> };

const shortThought = 160;

function Thinking({ item }: Of<"thinking" | "text">) {
  const [isOpen, setIsOpen] = useState(false);
  const text = cleanText(item.text).trim();
  if (text === "") return null;
  const isLong = text.length > shortThought || text.includes("\n");
  // While it thinks, the newest thought is what one wants to see.
  const line = item.isProvisional
    ? oneLine(text.slice(-shortThought), shortThought)
    : oneLine(text, shortThought);
  return (
    <li class="step" data-type="thinking">
      {isLong ? (
        <button
          type="button"
          class="step-line"
          aria-expanded={isOpen}
          onClick={() => setIsOpen(!isOpen)}
        >
          <span class="bullet" aria-hidden="true" />
          <span class="unseen">Thought: </span>
          <span class="step-text">{line}</span>
        </button>
      ) : (
        <span class="step-line">
          <span class="bullet" aria-hidden="true" />
          <span class="step-text">{text}</span>
        </span>
      )}
      {isOpen && <div class="step-more thought">{text}</div>}
    </li>
  );
}

const statusTexts = {
  running: "runs",
  ok: "",
  error: "failed",
  cancelled: "cancelled",
  unfinished: "no result",
} as const;

function Tool({ item }: Of<"tool">) {
  const [isOpen, setIsOpen] = useState(false);
  const { name, input, status, output, exitCode, at, endedAt } = item;
  const spent = endedAt === null ? 0 : Date.parse(endedAt) - Date.parse(at);
  const says = exitCode === null || exitCode === 0 ? statusTexts[status] : `exit ${exitCode}`;
  return (
    <li class="step" data-type="tool" data-status={status}>
      <button
        type="button"
        class="step-line"
        aria-expanded={isOpen}
        onClick={() => setIsOpen(!isOpen)}
      >
        <span class="bullet" aria-hidden="true" />
        <span class="step-name">{name === null ? "earlier call" : oneLine(name, 60)}</span>
        <code class="step-text">{oneLine(inputText(input), 200)}</code>
        <span class="step-status tabular">
          {says}
          {says !== "" && spent >= 1_000 && " · "}
          {spent >= 1_000 && durationText(spent)}
        </span>
      </button>
      {isOpen && (
        <div class="step-more">
          {input !== undefined && (
            <>
              <p class="step-label">Input</p>
              <LongText text={jsonText(input)} label="Input" />
            </>
          )}
          {output !== undefined && (
            <>
              <p class="step-label">Output</p>
              <LongText text={jsonText(output) || "(empty)"} label="Output" />
            </>
          )}
          {item.isCut && <p class="quiet">The log kept only a part of this.</p>}
        </div>
      )}
    </li>
  );
}

const changeTexts = { add: "new", update: "changed", delete: "deleted" } as const;

function File({ item }: Of<"file">) {
  const [isOpen, setIsOpen] = useState(false);
  const { path, change, diff } = item;
  return (
    <li class="step" data-type="file" data-change={change}>
      {diff === null ? (
        <span class="step-line">
          <span class="bullet" aria-hidden="true" />
          <span class="step-name">{changeTexts[change]}</span>
          <code class="step-text">{oneLine(path, 200)}</code>
        </span>
      ) : (
        <button
          type="button"
          class="step-line"
          aria-expanded={isOpen}
          onClick={() => setIsOpen(!isOpen)}
        >
          <span class="bullet" aria-hidden="true" />
          <span class="step-name">{changeTexts[change]}</span>
          <code class="step-text">{oneLine(path, 200)}</code>
        </button>
      )}
      {isOpen && diff !== null && (
        <div class="step-more">
          <DiffView diff={diff} />
          {item.isCut && <p class="quiet">The log kept only a part of this.</p>}
        </div>
      )}
    </li>
  );
}
