import type { SentPrompt, SentPromptRequests } from '../../protocol/sentPrompts';
import { policyFolder } from '../environment';
import { isBaseModel } from '../players/servedPolicy';
import { readHistory } from './history';
import type { Work } from './work';

/**
 * The prompt that was really sent for a turn, written out by the run's own tokenizer from the token ids on record.
 * @throws Error in one line where no policy of this machine replied, or its base model is not here any more
 */
export async function sentPromptWork(params: SentPromptRequests['sentPrompt'][0], work: Work): Promise<SentPrompt> {
  const { run, rows } = await readHistory(params.folder, params, params.branch);
  const row = rows.find(({ turn }) => turn === params.turn);
  if (row === undefined) throw new Error(`the negotiation has no turn ${params.turn}`);
  if (row.prompt_token_ids.length === 0)
    throw new Error(
      `${row.player} replied, which is no policy of this machine: it was told what is shown here, and no tokens are on record`,
    );
  const model = policyFolder(work.media, run.config);
  const engine = await work.openEngine(model);
  try {
    if (!(await isBaseModel(run, engine.info, model)))
      throw new Error(
        `${run.config.policy} is no longer the base model of ${run.name}, so its tokens cannot be written out: put the old one back`,
      );
    const before = rows
      .filter(({ seat, turn }) => seat === row.seat && turn < row.turn)
      .flatMap(({ prompt_token_ids, token_ids }) => [...prompt_token_ids, ...token_ids]);
    const texts = engine.tokenizer.tokenTexts([...before, ...row.prompt_token_ids]);
    return {
      before: texts.slice(0, before.length).join(''),
      added: texts.slice(before.length).join(''),
      tokens: texts.length,
    };
  } finally {
    await engine.dispose();
  }
}
