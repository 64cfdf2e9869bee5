import * as z from 'zod';
import { policyRef } from '../protocol/webview';
import type { Command } from './command';
import { Refusal } from './services';
import { refuseUnlessForkable, turnTarget } from './turnTarget';

/** Who is asked, where a caller says so. */
const given = z.looseObject({ policies: z.array(policyRef).min(1).max(4) });

/** Shows in the inspector what policies would say at a token: whoever said it and the paired run's, unless others are named. Returns the answer. */
export const whatWouldTheySay: Command = {
  title: 'What Would They Say?',
  needsTrust: true,
  inViews: true,
  run: async (services, args) => {
    const { selection, tree, inspector, distributions } = services;
    const { run, place, turn } = await turnTarget(services, args);
    refuseUnlessForkable(run);
    if (turn.tokens.texts.length === 0) throw new Refusal('There are no tokens of this turn on record: no policy of a run said it');
    const at = { ...place, token: Math.min(place.token ?? 0, turn.tokens.texts.length - 1) };
    selection.goTo(at);
    tree.reveal(at);
    inspector.open();
    inspector.show('says');
    return distributions.of(at, given.safeParse(args).data?.policies ?? null);
  },
};
