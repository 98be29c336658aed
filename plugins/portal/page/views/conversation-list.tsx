import { useEffect, useRef, useState } from "preact/hooks";
import { titleOf } from "../state/conversation-title.ts";
import { agoText } from "../state/format.ts";
import type { State } from "../state/state.ts";
import { PlaceLink } from "./top-bar.tsx";
import { usePortal } from "./use-portal.ts";

/** Every conversation, newest first, and the way to a new one. */
export function ConversationList({ state }: { readonly state: State }) {
  const { conversations, lastPrompts, chat, moreConversations } = state;
  const portal = usePortal();
  const now = Date.now();
  return (
    <nav class="conversations" aria-label="Conversations">
      <PlaceLink
        place={{ view: "chat", conversationId: null }}
        isCurrent={chat.conversationId === null}
        className="button new-conversation"
      >
        New conversation
      </PlaceLink>
      <ul>
        {conversations.map((conversation) => (
          <li key={conversation.id}>
            <PlaceLink
              place={{ view: "chat", conversationId: conversation.id }}
              isCurrent={conversation.id === chat.conversationId}
            >
              <span class="conversation-title">
                {titleOf(conversation, lastPrompts.get(conversation.id))}
              </span>
              <span class="conversation-facts quiet tabular">
                {conversation.openTasks > 0 && (
                  <span class="working">
                    <span class="dot" aria-hidden="true" />
                    {conversation.openTasks === 1 ? "works" : `${conversation.openTasks} open`}
                  </span>
                )}
                <span>{agoText(conversation.lastActiveAt, now)}</span>
              </span>
            </PlaceLink>
          </li>
        ))}
      </ul>
      {moreConversations !== null && (
        <button
          type="button"
          class="button small plain"
          onClick={() => void portal.moreConversations()}
        >
          Older conversations
        </button>
      )}
    </nav>
  );
}

/** The same list in a narrow window: behind a button. */
export function ConversationDrawer({ state }: { readonly state: State }) {
  const [isOpen, setIsOpen] = useState(false);
  const dialog = useRef<HTMLDialogElement>(null);
  const { conversationId } = state.chat;
  useEffect(() => {
    if (isOpen) dialog.current?.showModal();
    else dialog.current?.close();
  }, [isOpen]);
  useEffect(() => setIsOpen(false), [conversationId]);
  return (
    <>
      <button
        type="button"
        class="button small plain drawer-button"
        aria-haspopup="dialog"
        aria-expanded={isOpen}
        onClick={() => setIsOpen(true)}
      >
        <span aria-hidden="true">☰</span>
        <span class="unseen">Conversations</span>
      </button>
      <dialog
        ref={dialog}
        class="drawer"
        aria-label="Conversations"
        onClose={() => setIsOpen(false)}
        onClick={(event) => {
          const isBackdrop = event.target === dialog.current;
          const isLink = event.target instanceof Element && event.target.closest("a") !== null;
          if (isBackdrop || isLink) setIsOpen(false);
        }}
      >
        {isOpen && <ConversationList state={state} />}
      </dialog>
    </>
  );
}
