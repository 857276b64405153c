// How much slower than a usual machine this one is, by CORRAL_PATIENCE: an emulated processor needs ten times as long for the
// same work. Deadlines that ask "is it stuck?" are longer by this factor, each where it is armed; intervals, and promises to
// other hosts, stay as they are.
import { silenceMs } from '../model/wire.ts';

const most = 100;

/** 1 unless the variable is a number from 1 to 100. */
export const patience: number = factorOf(process.env.CORRAL_PATIENCE);

/** How long the other end of a socket of the suite may say nothing until it is given up. */
export const silenceLimitMs: number = silenceMs * patience;

function factorOf(text: string | undefined): number {
  const factor = Number(text);
  return factor >= 1 && factor <= most ? factor : 1;
}
