// Fixture F1 of the metadata reference's worked examples, line by line.
import { deflateRawSync } from 'node:zlib';

export const objects = `
{"metadata_kind":"environment","name":"default","uuid":"env-1","region_name":"region-a"}
{"metadata_kind":"host","uuid":"h-1","name":"node-1","hostname":"node-1.example.net","agent_ip":"192.0.2.11","hostId":1,"memory":8589934592,"labels":{"zone":"a"}}
{"metadata_kind":"network","uuid":"n-1","name":"ipsec","is_default":true,"host_ports":true,"metadata":{}}
{"metadata_kind":"stack","uuid":"st-1","name":"Web","environment_name":"Default","environment_uuid":"env-1","system":false}
{"metadata_kind":"service","uuid":"sv-1","name":"Front","stack_name":"Web","stack_uuid":"st-1","kind":"service","primary_service_name":"Front","sidekicks":["Logger"],"ports":["8080:80/tcp"],"scale":2,"token":"tok-front","metadata":{"greeting":"a & b <c>","n":1.5,"nul":null,"t":true,"list":["x",["y"],{"k":"v"},{"name":"nm"}],"Mixed Key/slash":"ok"}}
{"metadata_kind":"service","uuid":"sv-1","name":"Logger","stack_name":"Web","stack_uuid":"st-1","kind":"service","primary_service_name":"Front","sidekicks":["Logger"],"ports":[],"scale":2,"token":"tok-front"}
{"metadata_kind":"service","uuid":"sv-2","name":"db","stack_name":"Web","stack_uuid":"st-1","kind":"service","primary_service_name":"db","sidekicks":[],"ports":[],"scale":1,"token":"tok-db"}
{"metadata_kind":"container","uuid":"c-1","name":"Web-Front-1","primary_ip":"10.42.1.10","ips":["10.42.1.10"],"ports":["8080:80/tcp","192.0.2.11:8443:443/tcp","0.0.0.0:9000:9000/tcp"],"host_uuid":"h-1","host_ip":"192.0.2.11","labels":{"a.b":"1"},"state":"running","health_state":"healthy"}
{"metadata_kind":"container","uuid":"c-2","name":"Web-db-1","primary_ip":"10.42.1.12","ips":["10.42.1.12"],"ports":[],"host_uuid":"h-1","host_ip":"192.0.2.11","labels":{},"state":"running","health_state":null}
{"metadata_kind":"container","uuid":"c-3","name":"solo","primary_ip":"10.42.1.13","ips":["10.42.1.13"],"ports":[],"host_uuid":"h-1","host_ip":"192.0.2.11","labels":{},"state":"running"}
{"metadata_kind":"serviceContainerLink","service_uuid":"sv-1","service_name":"Front","container_uuid":"c-1"}
{"metadata_kind":"serviceContainerLink","service_uuid":"sv-2","service_name":"db","container_uuid":"c-2"}
{"metadata_kind":"serviceLink","service_uuid":"sv-1","key":"Web/db","value":"MyDB"}
{"metadata_kind":"containerLink","container_uuid":"c-3","key":"DBlink","value":"c-2"}
{"metadata_kind":"defaultData","version":"20-aff454dabf","self":{"host":{"uuid":"h-1"}}}
`;

/** As the later servers' clients saved it. */
export function saved(text: string): string {
  return JSON.stringify({ Version: '20-aff454dabf', Data: deflateRawSync(text).toString('base64') });
}
