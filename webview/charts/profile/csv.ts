import { csv } from '../csv';
import type { Profile } from './layout';
import type { ProfileKind } from './specs';

/** A line a policy, a column a situation; below, the strategies that it is drawn against. */
export function profileCsv({ situations, references }: ProfileKind, profiles: readonly Profile[]): string {
  return csv(
    ['policy', ...situations.map(({ meaning }) => meaning)],
    [...profiles.map(({ id, values }) => [id, ...values]), ...references.map(({ name, values }) => [name, ...values])],
  );
}
