import type * as vscode from 'vscode';
import { messageOf } from '../runs/problem';
import { showError } from '../views/notices';
import { placeOf } from './links';
import type { Services } from './services';

/** Opens links to places in runs that are open here. A link never starts, opens or changes anything else. */
export function uriHandler({ library, store, selection, tree, inspector }: Services): vscode.UriHandler {
  return {
    handleUri: async (uri) => {
      try {
        const place = placeOf(uri.path, uri.query);
        await library.openAll();
        if (store.get(place.run) === undefined)
          throw new Error(`The run ${place.run} is not open here: open its folder with Open Run…, then follow the link again`);
        selection.goTo(place);
        tree.reveal(place);
        inspector.open();
      } catch (error) {
        void showError(messageOf(error));
      }
    },
  };
}
