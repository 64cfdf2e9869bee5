import { useComputed } from '@preact/signals';
import type { VNode } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { Place, SentPromptView } from '../../../src/protocol/webview';
import { inlineText } from '../tokens/visibleText';
import { sentKey, sentPrompts, toggleSent } from './sentPrompts';

/** What an agent was newly shown before a turn; on request all that its policy had before it, as it was sent. */
export function Prompt(props: {
  readonly name: string;
  readonly text: string;
  /** The negotiation that the turn is of, and the turn; null where tokens are not on record. */
  readonly place: Place | null;
  readonly turn: number;
}): VNode {
  const { name, text, place, turn } = props;
  const sent = useComputed(() => (place === null ? undefined : sentPrompts.value.get(sentKey(place, turn)))).value;
  return (
    <div class="prompt">
      <span class="prompt-head dim">
        {name} read
        {place !== null && (
          <button
            type="button"
            class="link"
            aria-pressed={sent !== undefined}
            title="The whole prompt from the token ids on record: chat template, control tokens, and all that was read and said before"
            onClick={() => toggleSent(place, turn)}
          >
            {sent === undefined ? 'as it was sent' : 'only what was new'}
          </button>
        )}
      </span>
      {sent === undefined ? (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard has to reach it.
        <pre tabIndex={0}>{text === '' ? '(nothing new)' : text}</pre>
      ) : (
        <Sent view={sent} />
      )}
    </div>
  );
}

function Sent({ view }: { readonly view: SentPromptView | 'waiting' }): VNode {
  const box = useRef<HTMLPreElement>(null);
  // What is new stands at the end.
  useLayoutEffect(() => {
    box.current?.scrollTo(0, box.current.scrollHeight);
  }, [view]);
  if (view === 'waiting') return <p class="dim">Writing the prompt out …</p>;
  if (view.sent === null) return <p class="problem">{view.problem}</p>;
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard has to reach it. */}
      <pre ref={box} class="sent" tabIndex={0}>
        <span class="dim">{inlineText(view.sent.before)}</span>
        {inlineText(view.sent.added)}
      </pre>
      <span class="dim number">{view.sent.tokens} tokens</span>
    </>
  );
}
