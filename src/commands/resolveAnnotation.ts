import { resolved } from '../annotations';
import type { Command } from './command';
import { nodeArgument, threadArgument } from './commentArguments';
import { Refusal, type Services } from './services';

/** Marks an annotation as done with. */
export const resolveAnnotation: Command = {
  title: 'Resolve Annotation',
  needsTrust: true,
  inViews: false,
  run: (services, args) => resolve(services, args, true),
};

/** Marks an annotation as open again. */
export const reopenAnnotation: Command = {
  title: 'Reopen Annotation',
  needsTrust: true,
  inViews: false,
  run: (services, args) => resolve(services, args, false),
};

async function resolve({ threads, annotations }: Services, args: unknown, isResolved: boolean): Promise<void> {
  const node = nodeArgument(args);
  if (node === undefined) return threads.resolve(threadArgument(args), isResolved);
  if (node.run === undefined) throw new Refusal('The run of this annotation is not open here: open its folder with Open Run…');
  return annotations.change(node.run, node.annotation.id, (annotation) => resolved(annotation, isResolved, annotations.deed()));
}
