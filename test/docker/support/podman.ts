// Podman inside a test machine, as a service on a socket, with an image of its own.
import { until } from '../../netns/support/namespaces.ts';
import { type Machine, succeeds, writeIn } from './machine.ts';

export const podmanSocket = '/run/podman/podman.sock';

export interface PodmanService {
  /** The service alone; containers are children of nobody and live on. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

/** The settings are those that a machine without CAP_SYS_RESOURCE needs; the image is called `busybox`. */
export async function startPodman(machine: Machine): Promise<PodmanService> {
  machine.sh('mkdir -p /etc/containers /run/podman /var/lib/containers && mount -t tmpfs tmpfs /var/lib/containers');
  const ulimits = 'default_ulimits = ["nofile=1024:1024", "nproc=1000:1000"]';
  writeIn(machine, '/etc/containers/containers.conf', `[containers]\n${ulimits}\n[engine]\nruntime = "runc"\n`);
  machine.sh(
    `mkdir -p /run/podman-image/bin && cp /bin/busybox /run/podman-image/bin/busybox
     for name in sh ip wget sleep ping cat ls; do ln -sf busybox /run/podman-image/bin/$name; done
     mkdir -p /run/podman-image/etc /run/podman-image/tmp
     tar -C /run/podman-image -cf /run/podman-image.tar . && podman import -q /run/podman-image.tar busybox >/dev/null 2>&1`,
    { timeoutMs: 60_000 },
  );
  const isUp = (): boolean => succeeds(() => machine.sh(`curl -sf --unix-socket ${podmanSocket} http://x/version`));
  const service: PodmanService = {
    async start() {
      const command = `echo $$ >/run/podman.pid; exec podman system service -t 0 unix://${podmanSocket}`;
      machine.start('sh', ['-c', `${command} >>/run/podman.log 2>&1`]);
      await until(20_000, 'podman answers', isUp);
    },
    async stop() {
      machine.sh('kill -9 $(cat /run/podman.pid)');
      await until(5_000, 'podman is gone', () => !isUp());
    },
  };
  await service.start();
  return service;
}
