import type { MeasuresFile } from '../../../src/protocol/runFiles';
import type { Profile, ProfileSpec } from './layout';

/** What is asked of the policies of a game, and what is known to be answered by whom. */
export interface ProfileKind extends Omit<ProfileSpec, 'profiles'> {
  readonly title: string;
  /** One line: how to read the situations and the letters. */
  readonly reading: string;
  /** File name without its ending. */
  readonly file: string;
  readonly format: (value: number) => string;
  /** A policy's answers; undefined where they were not measured. */
  readonly values: (measures: MeasuresFile) => Profile['values'] | undefined;
}

const OUTCOMES = ['start', 'CC', 'CD', 'DC', 'DD'] as const;
const MOVES: Readonly<Record<string, string>> = { C: 'cooperated', D: 'defected' };

/** P(cooperate | last round) in the IPD: after nothing, and after each outcome, own move first. */
export const COOPERATION_PROFILE: ProfileKind = {
  title: 'P(cooperate | last round)',
  reading: 'own move first · T tit-for-tat, G grim, D defect',
  file: 'policy-profile',
  max: 1,
  situations: OUTCOMES.map((name) => ({
    name,
    meaning: name === 'start' ? 'in the first round' : `after oneself ${MOVES[name[0] ?? '']} and the other ${MOVES[name[1] ?? '']}`,
  })),
  references: [
    { sign: 'T', name: 'tit-for-tat', values: [1, 1, 0, 1, 0] },
    { sign: 'G', name: 'grim trigger', values: [1, 1, 0, 0, 0] },
    { sign: 'D', name: 'always defect', values: [0, 0, 0, 0, 0] },
  ],
  format: (value) => value.toFixed(2),
  values: ({ cooperateAfter }) => cooperateAfter && OUTCOMES.map((name) => cooperateAfter[name]),
};

const PROPOSALS = ['start', '0-2', '3-5', '6-8', '9-10'] as const;
const VALUES = ['less', 'more'] as const;

/** Units kept in the split games, by own value and the other's last proposal. */
export const KEPT_PROFILE: ProfileKind = {
  title: 'Kept of 10 | value, last proposal',
  reading: 'by what the other last asked of 10 · V by value, A asks all',
  file: 'policy-profile',
  max: 10,
  headings: VALUES.map((value) => ({ text: `values ${value}`, count: PROPOSALS.length })),
  situations: VALUES.flatMap((value) =>
    PROPOSALS.map((last) => ({
      name: last === 'start' ? 'start' : last.replace('-', '–'),
      short: last === 'start' ? '1st' : `≤${last.split('-')[1]}`,
      meaning: `where one values ${value}, ${last === 'start' ? 'in the first round' : `after the other asked ${last.replace('-', '–')} of 10`}`,
    })),
  ),
  references: [
    { sign: 'V', name: 'by value', values: VALUES.flatMap((value) => PROPOSALS.map(() => (value === 'less' ? 0 : 10))) },
    { sign: 'A', name: 'asks all', values: VALUES.flatMap(() => PROPOSALS.map(() => 10)) },
  ],
  format: (value) => value.toFixed(1),
  values: ({ keptAfter }) => keptAfter && VALUES.flatMap((value) => PROPOSALS.map((last) => keptAfter[value][last])),
};
