import { AGENT_NAMES } from '../../../src/domain/seat';
import type { Advantages } from '../../../src/protocol/webview';
import { csv } from '../csv';
import { partsOf } from './layout';

/** Every round of every trained seat. */
export function advantagesCsv(advantages: Advantages): string {
  const [own = [], alignment = [], credit = []] = partsOf(advantages);
  return csv(
    ['negotiation', 'round', 'agent', 'own', 'alignment', 'credit'],
    own.map((value, i) => [
      advantages.negotiation[i] ?? 0,
      (advantages.round[i] ?? 0) + 1,
      AGENT_NAMES[advantages.seat[i] ?? 0],
      value,
      alignment[i] ?? 0,
      credit[i] ?? 0,
    ]),
  );
}
