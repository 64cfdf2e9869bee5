import { existsSync } from 'node:fs';
import { copyFile, open, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { mergedWeights } from '../../engine/onnx/mergedWeights';
import type { Exported } from '../../protocol/exports';
import { policyFolder } from '../environment';
import { findPolicy } from '../players/policySource';
import { writeDraft } from './draft';
import type { ExportWork } from './exportRuns';
import { ExportError } from './source';

/** What makes a folder of weights a model for transformers and vLLM: its configuration, tokenizer and chat template. */
const BESIDE =
  /^(config|generation_config|tokenizer|tokenizer_config|special_tokens_map|added_tokens|vocab|chat_template|preprocessor_config|model\.safetensors\.index)\.json$|^(merges|vocab)\.txt$|^chat_template\.jinja$|\.model$/;

/** Writes a checkpoint as a model folder of its own, the adapter merged into the base model. @throws ExportError, PlayerError */
export async function exportSafetensors({ settings, out, sources, media, signal, progress }: ExportWork): Promise<Exported> {
  const [source, second] = sources;
  if (source === undefined || second !== undefined || settings.iterations.length > 1) {
    throw new ExportError('safetensors holds one policy: name one run, and at most one --iteration');
  }
  const { run, folder } = source;
  if (run.file === null) throw new ExportError(`${run.name}: nothing was trained, so there is no policy; name a run's folder`);
  if (run.file.imported !== undefined) throw new ExportError(`${run.name} was imported: its weights are where it was trained`);
  const [iteration] = settings.iterations;
  const policy = await findPolicy(iteration === undefined ? folder.path : `${folder.path}@${iteration}`, '/');
  if (policy?.checkpoint == null) throw new ExportError(`${run.name} has no checkpoint yet`);
  // A training server that offers archives left a copy of the adapter.
  if (run.file.config.engine?.kind === 'tinker' && !existsSync(join(policy.checkpoint, 'adapter_model.safetensors'))) {
    throw new ExportError(`${run.name} was trained on a server that speaks the Tinker API, which keeps the weights: download them there`);
  }
  const base = policyFolder(media, run.file.config);
  if (!existsSync(base)) throw new ExportError(`${run.name}: its base model ${base} is not on this machine: put the folder there`);
  const files = await mergedWeights(base, policy.checkpoint);
  // All weights of a full run stand beside its own configuration; an adapter has none.
  const from = existsSync(join(policy.checkpoint, 'config.json')) ? policy.checkpoint : base;
  const isSharded = files.length > 1;
  const beside = (await readdir(from)).filter((name) => BESIDE.test(name) && (isSharded || !name.endsWith('.index.json'))).sort();
  const names = [...beside, ...files.map(({ name }) => name)];
  const foreign = (await readdir(out).catch(() => [])).find((name) => !names.includes(name));
  if (foreign !== undefined) {
    throw new ExportError(`${out} holds ${foreign}, which would be taken for a part of the model: name a folder that is new or empty`);
  }
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const targets = names.map((name) => join(out, name));
  return writeDraft(out, targets, settings.overwrite, async (draft) => {
    for (const name of beside) await copyFile(join(from, name), draft.path(join(out, name)));
    let written = 0;
    for (const file of files) {
      const handle = await open(draft.path(join(out, file.name)), 'w');
      try {
        for await (const piece of file.pieces()) {
          signal.throwIfAborted();
          await handle.writeFile(piece);
          written += piece.length;
          progress(written, total, `${basename(policy.name)}: ${file.name}`);
        }
      } finally {
        await handle.close();
      }
    }
  });
}
