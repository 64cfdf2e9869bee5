import type { Browser, Page } from 'playwright-core';

/** What kept a page's main thread while it was traced: every frame is drawn, and every key answered, in one of these tasks. */
export interface PageTasks {
  readonly tasks: number;
  /** Milliseconds of the longest task, by the wall clock. */
  readonly longest: number;
  /** Milliseconds that the processor spent on the task which took most of it: what is left when others want the machine, too. */
  readonly longestCpu: number;
  readonly over50: number;
}

/** An event of Chromium's trace, as far as it is read here; times in µs. */
interface TraceEvent {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  readonly dur?: number;
  readonly tdur?: number;
  readonly args?: {
    readonly name?: string;
    readonly data?: { readonly frames?: readonly { readonly url: string; readonly processId?: number }[] };
  };
}

/** Traces a page while something is done in it; counted are the tasks of the processes that hold a frame with `url` in its address. */
export async function tracedTasks(browser: Browser, page: Page, url: string, act: () => Promise<void>): Promise<PageTasks> {
  await browser.startTracing(page, { categories: ['disabled-by-default-devtools.timeline', '__metadata'] });
  await act();
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString()) as { readonly traceEvents: readonly TraceEvent[] };
  return pageTasks(traceEvents, url);
}

/** The tasks of a trace. @throws Error where it holds no such frame, or no task of it */
export function pageTasks(events: readonly TraceEvent[], url: string): PageTasks {
  const frames = events.flatMap(({ args }) => args?.data?.frames ?? []);
  const processes = new Set(frames.filter((frame) => frame.url.includes(url)).map(({ processId }) => processId));
  const mains = new Set(
    events
      .filter(({ name, pid, args }) => name === 'thread_name' && args?.name === 'CrRendererMain' && processes.has(pid))
      .map(({ pid, tid }) => `${pid}/${tid}`),
  );
  const tasks = events.filter(({ name, pid, tid, dur }) => name === 'RunTask' && dur !== undefined && mains.has(`${pid}/${tid}`));
  if (tasks.length === 0) throw new Error(`The trace holds no task of a frame at …${url}…`);
  const wall = tasks.map(({ dur = 0 }) => dur / 1000);
  return {
    tasks: tasks.length,
    longest: Math.max(...wall),
    longestCpu: Math.max(...tasks.map(({ tdur = 0 }) => tdur / 1000)),
    over50: wall.filter((milliseconds) => milliseconds > 50).length,
  };
}
