import * as vscode from 'vscode';
import { type Place, place as placeSchema } from '../protocol/webview';
import type { Command } from './command';
import { linkTo } from './links';
import { Refusal } from './services';

/** Copies a link that leads whoever has the run to the same place; opening it never starts anything. */
export const copyLink: Command = {
  title: 'Copy Link',
  needsTrust: false,
  inViews: true,
  run: async ({ selection, context }, args) => {
    const named = placeSchema.strip().safeParse(args);
    const place: Place | null = named.success ? named.data : selection.place;
    if (place === null) throw new Refusal('Nothing is selected: choose a run or a negotiation first');
    const link = linkTo(vscode.env.uriScheme, context.extension.id, place);
    await vscode.env.clipboard.writeText(link);
    vscode.window.setStatusBarMessage('Link copied', 3000);
    return link;
  },
};
