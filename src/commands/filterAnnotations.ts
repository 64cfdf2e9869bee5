import * as vscode from 'vscode';
import * as z from 'zod';
import { parseAnnotationFilter } from '../annotations';
import { messageOf } from '../runs/problem';
import type { Command } from './command';

const given = z.looseObject({ expression: z.string() });

/** Shows only annotations that fit, in the tree and on the way from one to the next. */
export const filterAnnotations: Command = {
  title: 'Filter Annotations…',
  needsTrust: false,
  inViews: false,
  run: async ({ annotationsView }, args) => {
    const expression =
      given.safeParse(args).data?.expression ??
      (await vscode.window.showInputBox({
        title: 'Filter Annotations',
        value: annotationsView.expression,
        placeHolder: '#deceptive by:ada is:open words',
        prompt: 'Words, #tag, by:author, is:open, is:resolved, is:orphaned. Empty shows all.',
        validateInput: problemOf,
      }));
    if (expression === undefined) return;
    annotationsView.setFilter(expression.trim(), parseAnnotationFilter(expression));
  },
};

/** Shows all annotations again. */
export const clearAnnotationFilter: Command = {
  title: 'Clear Annotation Filter',
  needsTrust: false,
  inViews: false,
  run: async ({ annotationsView }) => annotationsView.setFilter('', {}),
};

function problemOf(expression: string): string | undefined {
  try {
    parseAnnotationFilter(expression);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}
