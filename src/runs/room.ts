/** A trainer at work, or one that waits: where, and on how many cores. */
export interface Load {
  readonly folder: string;
  readonly threads: number;
}

/** What decides whether another trainer may start. */
export interface RoomRequest {
  readonly next: Load;
  /** Trainers at work, each once or more often: a folder counts once. */
  readonly busy: readonly Load[];
  readonly cores: number;
  /** Trainers at once, at most; 0 leaves it to the cores. */
  readonly most: number;
}

/** Whether the cores have room for another trainer. One that wants more than there are starts when nothing else is at work. */
export function hasRoom({ next, busy, cores, most }: RoomRequest): boolean {
  const loads = new Map(busy.map(({ folder, threads }) => [folder, threads]));
  loads.delete(next.folder);
  if (loads.size === 0) return true;
  if (most > 0 && loads.size >= most) return false;
  const used = [...loads.values()].reduce((sum, threads) => sum + threads, 0);
  return used + next.threads <= cores;
}
