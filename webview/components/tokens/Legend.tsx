import type { VNode } from 'preact';
import { colourBy, negotiation, setColourBy } from '../../state';
import { Dropdown } from '../controls';
import { plain } from '../numbers';
import { lacking } from './lacking';
import { MEASURES } from './measures';
import { tint, tokenScale } from './scale';

const STEPS = [0.15, 0.45, 0.75, 1] as const;

/** What colours the tokens, the scale in figures, and which turns have no number to be coloured by. */
export function Legend(): VNode {
  const { measure } = tokenScale.value;
  const lacks = negotiation.value === null ? null : lacking(negotiation.value, measure);
  return (
    <div class="legend">
      <span class="legend-choice">
        <span class="dim">Colour by</span>
        <Dropdown
          label="Colour tokens by"
          value={colourBy.value}
          onChange={setColourBy}
          options={MEASURES.map(({ id, label }) => ({ value: id, label }))}
        />
      </span>
      {lacks?.all !== true && <Scale />}
      {lacks !== null && (
        <span class="legend-lacks" role="status">
          <span class="swatch none" aria-hidden="true" /> {lacks.why}
        </span>
      )}
      <span class="legend-meaning dim" title={measure.meaning}>
        {measure.meaning}
      </span>
    </div>
  );
}

/** The colours in steps, with the values at the ends. */
function Scale(): VNode {
  const { measure, full, clipped } = tokenScale.value;
  const digits = Number.isInteger(full) ? 0 : Math.min(4, Math.ceil(-Math.log10(full)) + (full < 1 ? 0 : 1));
  const cells =
    measure.scale === 'diverging'
      ? [...STEPS]
          .reverse()
          .map((s) => -s)
          .concat(STEPS)
      : [...STEPS];
  return (
    <span class="legend-scale" title={measure.meaning}>
      <span class="number">{measure.scale === 'diverging' ? `${clipped ? '≤ ' : ''}−${plain(full, digits)}` : '0'}</span>
      <span class="legend-cells" role="img" aria-label={`Scale of ${measure.label}: ${measure.meaning}`}>
        {cells.map((value) => (
          <span
            key={value}
            class={`swatch ${measure.scale === 'sequential' ? 'sequential' : value > 0 ? 'positive' : 'negative'}`}
            style={{ '--m': tint(Math.abs(value)) }}
          />
        ))}
      </span>
      <span class="number">{`${clipped ? '≥ ' : ''}${measure.scale === 'diverging' ? '+' : ''}${plain(full, digits)}`}</span>
    </span>
  );
}
