import type { Command } from './command';

/** Brings the inspector up. */
export const openInspector: Command = {
  title: 'Open Inspector',
  needsTrust: false,
  inViews: true,
  run: async ({ inspector, selection, store }) => {
    const [newest] = store.runs;
    if (selection.place === null && newest !== undefined) selection.goTo({ run: newest.id });
    inspector.open();
  },
};
