// Pure: the labels that Corral reads from containers, Rancher's and Compose's names unchanged.

export const label = {
  /** Legacy: attach to the default network. */
  managed: 'io.rancher.container.network',
  cniNetwork: 'io.rancher.cni.network',
  requestedIp: 'io.rancher.container.ip',
  requestedMac: 'io.rancher.container.mac_address',
  /** The same as an annotation, which wins. */
  annotatedIp: 'annotation.io.rancher.container.ip',
  annotatedMac: 'annotation.io.rancher.container.mac_address',
  containerUuid: 'io.rancher.container.uuid',
  stackName: 'io.rancher.stack.name',
  /** `stack/service` or `stack/primary/sidekick`. */
  stackService: 'io.rancher.stack_service.name',
  system: 'io.rancher.container.system',
  /** A system container publishes ports although its network does not. */
  hostPorts: 'io.rancher.network.host_ports',
  dns: 'io.rancher.container.dns',
  /** Search domains of Rancher's preview releases, with commas. */
  dnsSearch: 'io.rancher.container.dnssearch',
  dnsPriority: 'io.rancher.container.dns.priority',
  /** This container brings a CNI plugin of that name. */
  cniBinary: 'io.rancher.network.cni.binary',
  linkMtuOverhead: 'io.rancher.cni.link_mtu_overhead',
  composeProject: 'com.docker.compose.project',
  composeService: 'com.docker.compose.service',
  composeNumber: 'com.docker.compose.container-number',
  /** Set by `docker compose run`: such a container is no replica of its service. */
  composeOneOff: 'com.docker.compose.oneoff',
  /** Own names; they win over the others. */
  stack: 'corral.stack',
  service: 'corral.service',
  network: 'corral.network',
  ip: 'corral.ip',
  /** Published ports where the engine has none: `8080:80, 53:53/udp`. */
  ports: 'corral.ports',
} as const;
