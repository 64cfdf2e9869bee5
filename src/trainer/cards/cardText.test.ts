import { describe, expect, it } from 'vitest';
import { sampleConfig } from '../../../test/runs/sampleRun';
import { type CardContent, cardText, cosineText } from './cardText';
import { gameFacts, trainingFacts } from './configFacts';

const config = sampleConfig();

const content: CardContent = {
  identity: [['iteration', '2']],
  game: gameFacts(config),
  config: trainingFacts(config),
  training: {},
  measures: {
    meanReward: [1.5, 4],
    jointReward: 5.5,
    efficiency: null,
    validMass: 1,
    entropy: 0.12345,
    kl: -0.00001,
    cooperateAfter: { start: 0.70362, CC: 1, CD: 0, DC: null, DD: 0.5 },
  },
  negotiations: 64,
  kept: [{ values: 'less', after: 'greedy', mean: 2.5, shares: [0.5, 0.25, 0.25, 0] }],
  answers: [
    { name: 'start', kind: 'action', greedy: 'A', sampled: ['A', 'B'] },
    { name: 'Alice 1 against 10, after fair', kind: 'message', greedy: 'hello\n\u202efriend', sampled: ['', 'no'] },
  ],
  norms: { all: 5, layers: [{ name: 'layers.0', value: 5 }], modules: [{ name: 'layers.0.mlp.up_proj', value: 5 }] },
};

/** The lines of a section without their indentation, runs of spaces as one. */
function section(text: string, title: string): string[] {
  const found = text.split('\n\n').find((each) => each.startsWith(title));
  return (found ?? '')
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => line.trim().replaceAll(/ +/g, ' '));
}

describe('cardText', () => {
  const text = cardText(content);

  it('is the same text of the same content, one fact a line', () => {
    expect(cardText(structuredClone(content))).toBe(text);
    expect(text.endsWith('\n') && !text.endsWith('\n\n')).toBe(true);
    expect(section(text, 'P(A) on-policy')).toEqual(['start 0.7036', 'CC 1.0000', 'CD 0.0000', 'DC none', 'DD 0.5000']);
    expect(section(text, 'Against itself, 64')).toEqual([
      ...['meanReward 1.5000 4.0000', 'jointReward 5.5000', 'efficiency none', 'validMass 1.0000', 'entropy 0.1235', 'kl 0.0000'],
    ]);
    expect(section(text, 'Training measures')).toEqual(['none']);
    expect(section(text, 'Kept of ten')).toEqual([
      'less, after greedy: mean 2.5000',
      ...['0 to 2 0.5000', '3 to 5 0.2500', '6 to 8 0.2500', '9 to 10 0.0000'].map((range) => `less, after greedy: ${range}`),
    ]);
    expect(section(text, 'Weights: Frobenius norm of ΔW by module')).toEqual(['layers.0.mlp.up_proj 5.000000']);
  });

  it('changes in one line where one fact does', () => {
    const changed = cardText({ ...content, measures: { ...content.measures, entropy: 0.2 } });
    const [before, after] = [text.split('\n'), changed.split('\n')];
    expect(after).toHaveLength(before.length);
    expect(after.filter((line, i) => line !== before[i])).toEqual([expect.stringMatching(/^ {2}entropy +0\.2000$/)]);
  });

  it('keeps what policies say on one line, with nothing hidden in it', () => {
    expect(section(text, 'Answers')).toEqual([
      'start “A”',
      'start: drawn “A” “B”',
      'Alice 1 against 10, after fair: says “hello↵\\u{202e}friend”',
      'Alice 1 against 10, after fair: says, draw 0 “”',
      'Alice 1 against 10, after fair: says, draw 1 “no”',
    ]);
  });

  it('tells the cosine between two updates, or why there is none', () => {
    expect(section(cosineText({ all: 0.5, modules: [{ name: 'norm', value: null }] }), 'Cosine')).toEqual(['all 0.5000', 'norm none']);
    expect(section(cosineText('none: for a reason'), 'Cosine')).toEqual(['cosine none: for a reason']);
  });
});

describe('the facts of a configuration', () => {
  const names = (change: Parameters<typeof sampleConfig>[0]): string[] => trainingFacts(sampleConfig(change)).map(([name]) => name);

  it('are those that decide what a run computes', () => {
    expect(names({})).toContain('beta');
    expect(names({ algorithm: 'rl' })).not.toContain('beta');
    expect(names({})).not.toContain('matchedGamma');
    expect(names({ algorithm: 'aa-jit' })).toContain('matchedGamma');
    expect(names({})).not.toContain('klOver');
    expect(names({ klCoefficient: 0.1 })).toContain('klOver');
    expect(names({})).not.toContain('checkpointEvery');
    expect(trainingFacts(config)).toContainEqual(['buffer', 'none']);
    const buffer = { ...config.buffer, enabled: true };
    expect(trainingFacts(sampleConfig({ buffer }))).toContainEqual(['buffer.every', '10']);
    expect(trainingFacts(sampleConfig({ opponent: '/runs/ipd-aa@200' }))).toContainEqual(['opponent', 'ipd-aa@200']);
  });

  it('tell of the game what its prompts and rules read', () => {
    expect(gameFacts(config).map(([name]) => name)).toEqual([
      ...['game', 'rounds', 'prompts', 'showRound', 'payoffs.T', 'payoffs.R', 'payoffs.P', 'payoffs.S', 'decoding', 'temperature'],
    ]);
    expect(gameFacts(sampleConfig({ game: 'trust-and-split', decoding: 'retry' }))).toEqual(
      expect.arrayContaining([
        ['messagesPerRound', '0'],
        ['retries', '0'],
      ]),
    );
  });
});
