import { signal } from '@preact/signals';
import type { VNode } from 'preact';
import type { MatchupsView } from '../../../src/protocol/webview';
import { MatchupsChart } from '../../charts/matchups/MatchupsChart';
import { measuresOfMatchups } from '../../charts/matchups/words';
import { channel, closeMatchups } from '../../state';
import { Button, Dropdown } from '../controls';

/** What the cells are coloured by, by its label. */
const shownMeasure = signal('');

/** A matrix of match-ups in the negotiation's place. */
export function Matchups({ id, file }: MatchupsView): VNode {
  const measures = measuresOfMatchups(file);
  const measure = measures.find(({ label }) => label === shownMeasure.value) ?? measures[0];
  const cells = file.players.length ** 2;
  const met = file.meanReward.flat().filter((value) => value !== null).length;
  const over = Object.keys(file.members).length === 0 ? 'deals' : 'deals, or runs where a player is several';
  return (
    <main class="matchups">
      <header class="matchups-head">
        <h1>Match-ups · {file.game}</h1>
        <span class="dim">
          {met < cells ? `${met} of ${cells} cells so far · ` : ''}
          {file.negotiations} negotiations a cell in both seatings, the same deals in all · {Math.round(file.level * 100)} % intervals over{' '}
          {over}
        </span>
        <span class="matchups-actions">
          <span class="dim">Show</span>
          <Dropdown
            label="Number in the cells"
            value={measure?.label ?? ''}
            options={measures.map(({ label }) => ({ value: label, label }))}
            onChange={(label) => {
              shownMeasure.value = label;
            }}
          />
          <Button onClick={closeMatchups}>Back to the negotiation</Button>
        </span>
      </header>
      {measure !== undefined && (
        <MatchupsChart file={file} measure={measure} onOpen={(row, col) => channel().send('openMatchup', { id, row, col })} />
      )}
    </main>
  );
}
