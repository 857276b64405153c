// Answers ARP on bridges: the work of the responder's process (arp-process.ts).
import { type Capture, openCapture } from '../../shared/effects/capture.ts';
import type { Ipv4 } from '../../shared/model/ipv4.ts';
import type { Mac } from '../../shared/model/mac.ts';
import { type ArpGround, ArpLimits, isAnswered } from './answers.ts';
import { parseArpRequest, renderArpReply } from './arp-frame.ts';

/** A bridge on which is answered; as it travels from the daemon to the process. */
export interface ArpPost {
  readonly bridge: string;
  /** A bridge made anew has another. */
  readonly index: number;
  /** With which is answered. */
  readonly mac: Mac;
  readonly subnet: { readonly base: Ipv4; readonly prefix: number };
  readonly remote: readonly Ipv4[];
}

interface Post {
  readonly index: number;
  mac: Mac;
  ground: ArpGround;
  readonly capture: Capture;
  readonly limits: ArpLimits;
}

export class ArpPosts {
  answered = 0;
  refused = 0;
  readonly #posts = new Map<string, Post>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** @throws COMMAND_MISSING, NETLINK_REFUSED; bridges before the one that failed are served. */
  want(wanted: readonly ArpPost[]): void {
    const indexes = new Map(wanted.map(({ bridge, index }) => [bridge, index]));
    for (const [bridge, post] of this.#posts) {
      if (indexes.get(bridge) === post.index) continue;
      post.capture.close();
      this.#posts.delete(bridge);
    }
    for (const { bridge, index, mac, subnet, remote } of wanted) {
      const ground = { subnet, remote: new Set(remote) };
      const known = this.#posts.get(bridge);
      if (known) Object.assign(known, { mac, ground });
      else this.#open(bridge, index, mac, ground);
    }
  }

  #open(bridge: string, index: number, mac: Mac, ground: ArpGround): void {
    const onFrame = (frame: Buffer): void => this.#take(post, frame);
    const capture = openCapture({ device: bridge, filter: 'arp and arp[6:2] = 1', onFrame });
    const post: Post = { index, mac, ground, capture, limits: new ArpLimits() };
    this.#posts.set(bridge, post);
  }

  #take({ mac, ground, limits, capture }: Post, frame: Buffer): void {
    const request = parseArpRequest(frame);
    if (!request || request.sender === mac || !isAnswered(request, ground)) return;
    if (!limits.mayAnswer(request.sender, this.#now())) {
      this.refused += 1;
      return;
    }
    try {
      capture.send(renderArpReply(request, mac));
      this.answered += 1;
    } catch {
      // The bridge went; the daemon sees it.
    }
  }
}
