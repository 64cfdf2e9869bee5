import type { TurnRow } from '../protocol/rollouts';
import { actionText, actsOf, byRound, creditOf, MEMBER_COLUMNS, parseAction, seatOf, type ViewRules } from './negotiation';
import type { PreviewNegotiation } from './preview';
import type { Outline } from './treeModel';

/** What rounds and turns of the tree need; token columns stay on disk. */
export const OUTLINE_COLUMNS = [...MEMBER_COLUMNS, 'text', 'valid'] as const;

/** See `OUTLINE_COLUMNS`. */
export type OutlineRow = Pick<TurnRow, (typeof OUTLINE_COLUMNS)[number]>;

/** Rounds and turns of a committed negotiation. @throws SyntaxError | ZodError */
export function outlineOf(rows: readonly OutlineRow[], rules: Pick<ViewRules, 'algorithm' | 'beta'>): Outline {
  const rounds = byRound(rows).map(([round, turns]) => {
    const acts = actsOf(turns);
    return {
      round,
      actions: acts === undefined ? null : ([actionText(parseAction(acts[0])), actionText(parseAction(acts[1]))] as const),
      rewards: acts === undefined ? null : ([acts[0].reward, acts[1].reward] as const),
      turns: turns.map((row) => ({
        turn: row.turn,
        seat: seatOf(row),
        text: row.text,
        valid: row.valid,
        credit: rules.algorithm === null ? null : creditOf(row, rules).credit,
      })),
    };
  });
  return { rounds };
}

/** Rounds and turns of a negotiation under way. */
export function previewOutline({ turns }: PreviewNegotiation): Outline {
  const rounds = byRound(turns).map(([round, rows]) => ({
    round,
    actions: null,
    rewards: null,
    turns: rows.map(({ turn, seat, text }) => ({ turn, seat, text, valid: true, credit: null })),
  }));
  return { rounds };
}
