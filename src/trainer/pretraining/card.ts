import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { GameId } from '../../domain/games/game';
import { type Gate, passes } from './gates';
import { SHAPE } from './pretrain';
import { type Pretraining, pretrainedGames, stageLessons } from './schedule';

/** Writes the card of a pretrained policy beside it: how it was made, what it is and is not, its gates, its hash. */
export async function writeCard(
  folder: string,
  pretraining: Pretraining,
  seed: number,
  parameters: number,
  measured: readonly Gate[],
  spoken: readonly GameId[],
): Promise<void> {
  const weights = await readFile(join(folder, 'model.safetensors'));
  const sha256 = createHash('sha256').update(weights).digest('hex');
  const stages = pretraining.stages.map((stage) => {
    const each = stageLessons(stage).map(
      ([game, { negotiations, rounds }]) => `${negotiations} ${rounds ? `${rounds}-round ` : ''}${game}`,
    );
    return `- **${stage.name}**: ${stage.steps} steps at up to ${stage.learningRate}, each on ${each.join(', ')} negotiations`;
  });
  const rows = measured.map(
    (gate) => `| ${gate.game} | ${gate.what} | ${gate.value.toFixed(3)} | ${wanted(gate)} | ${passes(gate) ? 'passed' : '**missed**'} |`,
  );
  await writeFile(
    join(folder, 'README.md'),
    `# The embedded policy

A Llama-shaped text policy of ${parameters.toLocaleString('en')} parameters: ${SHAPE.layers} layers, ${SHAPE.hiddenSize} wide, ${SHAPE.heads} heads, SwiGLU ${SHAPE.intermediateSize}, RoPE, untied head,
word-level tokens. It is small enough to be trained by reinforcement learning on two CPU cores in a minute.

**What it is.** A start for training that speaks the short prompts of ${spoken.join(', ')}, and is moderately reciprocal.
Advantage Alignment amplifies the reciprocity that is there: a prior that is nice to everyone ends in defection.

**What it is not.** A language model. It knows the words of the short prompts and nothing else, and its "messages" are
what scripted players say.

**How it was made.** \`npm run pretrain\` (seed ${seed}): cross-entropy on transcripts of noisy scripted players
(\`src/domain/players/pretraining.ts\` has the mixes), AdamW without decay, gradient norm clipped at 1. No data from people
or other models.

${stages.join('\n')}

**Gates**, measured in self-play of the finished policy:

| game | what | measured | wanted | |
| --- | --- | --- | --- | --- |
${rows.join('\n')}

${unspoken(pretrainedGames(pretraining), spoken)}SHA-256 of model.safetensors: \`${sha256}\`
`,
  );
}

function wanted({ least, most }: Gate): string {
  if (least !== undefined && most !== undefined) return `${least} to ${most}`;
  return least !== undefined ? `≥ ${least}` : `≤ ${most}`;
}

function unspoken(games: readonly GameId[], spoken: readonly GameId[]): string {
  const missed = games.filter((game) => !spoken.includes(game));
  if (missed.length === 0) return '';
  return `It misses gates of ${missed.join(', ')}, so it is not offered there; the command line trains on it all the same.\n\n`;
}
