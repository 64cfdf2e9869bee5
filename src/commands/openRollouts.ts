import type { RolloutEditorSources } from '../views/rolloutEditor';
import type { Services } from './services';

/** What Open With… on a rollout file does to the window: the run is opened and remembered, its place shown. */
export function rolloutEditorSources({ store, library, tree, selection, inspector }: Services): RolloutEditorSources {
  return {
    open: async (folder) => {
      const run = await store.open(folder);
      await library.remember(run);
      return run;
    },
    show: async (place) => {
      tree.reveal(place);
      selection.goTo(place);
      await inspector.open();
    },
  };
}
