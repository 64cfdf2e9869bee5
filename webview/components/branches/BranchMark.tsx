import type { VNode } from 'preact';
import type { NegotiationView, TurnView } from '../../../src/protocol/webview';
import { choose } from '../../state';
import { ForkIcon, wentOn } from './BranchBar';

/** At a turn: that a branch begins here, or how many leave the original. */
export function BranchMark({ view, turn }: { readonly view: NegotiationView; readonly turn: TurnView }): VNode | null {
  const { branch, branches = [] } = view;
  if (branch !== undefined) {
    if (branch.turn !== turn.turn) return null;
    return (
      <span class="branch-mark">
        <ForkIcon /> branch {branch.branch} begins · {wentOn(branch)}
      </span>
    );
  }
  const here = branches.filter((each) => each.turn === turn.turn);
  const [first] = here;
  if (first === undefined) return null;
  return (
    <button
      type="button"
      class="link branch-mark"
      title="Show the first of them; the choice above the transcript has them all"
      onClick={() => void choose({ ...view.place, round: first.round, turn: first.turn, branch: first.branch })}
    >
      <ForkIcon /> {here.length} {here.length === 1 ? 'branch' : 'branches'}
    </button>
  );
}
