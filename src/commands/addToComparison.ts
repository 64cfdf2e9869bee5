import { type Place, place as placeSchema } from '../protocol/webview';
import type { OpenRun } from '../runs/openRun';
import type { Command } from './command';
import { targetRun } from './runTarget';
import { Refusal } from './services';

/** Puts a run, an iteration of it, or a negotiation beside what the inspector shows. */
export const addToComparison: Command = {
  title: 'Add to Comparison',
  needsTrust: false,
  inViews: false,
  run: async (services, args) => {
    const { inspector, selection, store } = services;
    const named = placeSchema.strip().safeParse(args);
    const here = selection.place;
    const shown = here === null ? undefined : store.get(here.run);
    const beside = (run: OpenRun): boolean => run.view()?.game === shown?.view()?.game;
    const run = await targetRun(services, named.success ? { run: named.data.run } : undefined, {
      title: 'Add to Comparison',
      none: shown === undefined ? 'nothing is shown that it could stand beside' : `it is not of the game that ${shown.name} plays`,
      will: (one) => beside(one) && (named.success || one.id !== shown?.id),
    });
    if (run === undefined || here === null || shown === undefined) return;
    const column: Place = named.success ? named.data : { run: run.id };
    // Something has to stand in the first column.
    if (here.negotiation === undefined) {
      const first = shown.newest(0);
      if (first === null) throw new Refusal(`${shown.name} has no negotiation yet: wait for its first iteration`);
      selection.goTo(here.iteration === undefined ? first : { run: here.run, iteration: here.iteration, negotiation: 0 });
    }
    inspector.addColumn({
      run: column.run,
      iteration: column.iteration,
      negotiation: column.run === here.run && column.iteration === undefined ? undefined : column.negotiation,
      branch: column.branch,
    });
  },
};
