// Pure: what a check is. It gathers evidence, changes nothing, and leaves the judgement to a function of `judge/`.
import type { Scene } from './scene.ts';
import type { Verdict } from './verdict.ts';

export interface Check {
  /** Stable name, for programs. */
  readonly id: string;
  /** What holds when it passes. */
  readonly title: string;
  look(scene: Scene): Promise<Verdict> | Verdict;
}

export interface Finding extends Verdict {
  readonly id: string;
  readonly title: string;
}
