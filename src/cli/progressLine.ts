import type { Progress } from '../protocol/trainer';

const BAR = 24;

/** Where a run stands, as one line: a bar, the iteration, what the policy does, how fast, and how long still. */
export function progressLine(title: string, progress: Progress): string {
  const { phase, iteration, iterations, reward, cooperationRate, efficiency, secondsPerIteration, tokensPerSecond, device } = progress;
  if (phase === 'loading') return `${title}  loading the model`;
  const filled = Math.round((iteration / iterations) * BAR);
  const bar = `${'█'.repeat(filled)}${'░'.repeat(BAR - filled)}`;
  const facts = [
    `${String(iteration).padStart(String(iterations).length)}/${iterations}`,
    ...(reward === null ? [] : [`reward ${reward.toFixed(2)}`]),
    ...(cooperationRate === null
      ? efficiency === null
        ? []
        : [`efficiency ${efficiency.toFixed(2)}`]
      : [`cooperation ${cooperationRate.toFixed(2)}`]),
    ...(secondsPerIteration === 0 ? [] : [`${secondsPerIteration.toFixed(2)} s/it`, `${thousands(tokensPerSecond)} tokens/s`]),
    device,
    phase === 'finishing' ? 'measuring' : remaining((iterations - iteration) * secondsPerIteration),
  ];
  return `${title}  ${bar}  ${facts.filter((fact) => fact !== '').join('  ')}`;
}

function remaining(seconds: number): string {
  if (seconds <= 0) return '';
  const minutes = Math.floor(seconds / 60);
  return minutes === 0 ? `${Math.ceil(seconds)} s left` : `${minutes} min ${Math.ceil(seconds % 60)} s left`;
}

function thousands(value: number): string {
  return value < 1000 ? value.toFixed(0) : `${(value / 1000).toFixed(1)}k`;
}
