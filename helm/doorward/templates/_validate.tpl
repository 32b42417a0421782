{{/* Values that can't be meant, which the schema can't see: they concern several values, or what `config` says. */}}
{{- define "doorward.validate" -}}
{{- include "doorward.validate.source" . -}}
{{- include "doorward.validate.listeners" . -}}
{{- include "doorward.validate.environment" . -}}
{{- include "doorward.validate.replicas" . -}}
{{- include "doorward.validate.exposure" . -}}
{{- $least := include "doorward.drainSeconds" . | int64 -}}
{{- if lt (include "doorward.terminationGracePeriodSeconds" . | int64) $least -}}
{{- fail (printf "terminationGracePeriodSeconds: pods would be killed while they finish; expected at least %d (server.drainDelay, server.drainTimeout and 5 s), or nothing" $least) -}}
{{- end -}}
{{- end }}

{{- define "doorward.validate.source" -}}
{{- if not .Values.image.repository -}}
{{- fail "image.repository: expected where your image of Doorward is, such as registry.example.com/doorward" -}}
{{- end -}}
{{- if and .Values.image.tag .Values.image.digest -}}
{{- fail "image: expected a tag or a digest, found both" -}}
{{- end -}}
{{- if and .Values.config .Values.existingConfigMap -}}
{{- fail "config: expected config or existingConfigMap, found both" -}}
{{- end -}}
{{- if not (or .Values.config .Values.existingConfigMap) -}}
{{- fail "config: expected the configuration, with server.publicUrl at least, or existingConfigMap" -}}
{{- end -}}
{{- /* Not left to a pattern of the schema: Helm would repeat the password. */}}
{{- if regexMatch "://.*:.*@" (dig "session" "redis" "url" "" .Values.config) -}}
{{- fail "config.session.redis.url: holds a password, which belongs into a Secret; expected it in secrets, as session.redis.password" -}}
{{- end -}}
{{- end }}

{{- define "doorward.validate.listeners" -}}
{{- if hasPrefix "unix:" (include "doorward.listen" .) -}}
{{- fail "config.server.listen: a Service can't reach a unix socket; expected a port, such as 0.0.0.0:4180" -}}
{{- end -}}
{{- $admin := include "doorward.adminListen" . -}}
{{- if or (eq $admin "off") (hasPrefix "unix:" $admin) (hasPrefix "127." $admin) (hasPrefix "localhost:" $admin) (hasPrefix "[::1]" $admin) -}}
{{- fail (printf "config.admin.listen: probes come to the pod's address and would not reach %s; expected 0.0.0.0:4181 or nothing. networkPolicy keeps others away" $admin) -}}
{{- end -}}
{{- if eq (include "doorward.port" .) (include "doorward.adminPort" .) -}}
{{- fail "config.admin.listen: expected another port than that of server.listen" -}}
{{- end -}}
{{- end }}

{{/* What the chart derives from the configuration must not be said elsewhere. */}}
{{- define "doorward.validate.environment" -}}
{{- $elsewhere := dict "DOORWARD_CONFIG" "config or existingConfigMap" "DOORWARD_ADMIN_LISTEN" "config.admin.listen" "DOORWARD_SERVER_LISTEN" "config.server.listen" "DOORWARD_SERVER_DRAIN_DELAY" "config.server.drainDelay" "DOORWARD_SERVER_DRAIN_TIMEOUT" "config.server.drainTimeout" "DOORWARD_SERVER_PUBLIC_URL" "config.server.publicUrl" "NODE_OPTIONS" "nodeOptions" -}}
{{- range $path, $_ := .Values.secrets -}}
{{- $_ := set $elsewhere (include "doorward.fileVariable" $path) (printf "it in secrets alone, as %s" $path) -}}
{{- end -}}
{{- range .Values.env -}}
{{- if hasKey $elsewhere .name -}}
{{- fail (printf "env: %s is set by the chart; expected %s" .name (get $elsewhere .name)) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* Replicas have to open each other's sessions, and to sign by keys that each of them publishes. */}}
{{- define "doorward.validate.replicas" -}}
{{- $several := or (gt (int64 .Values.replicas) 1) .Values.autoscaling.enabled -}}
{{- if and .Values.autoscaling.enabled (gt (int64 .Values.autoscaling.minReplicas) (int64 .Values.autoscaling.maxReplicas)) -}}
{{- fail "autoscaling.minReplicas: expected at most maxReplicas" -}}
{{- end -}}
{{- if and $several (eq (dig "session" "store" "cookie" .Values.config) "memory") -}}
{{- fail "config.session.store: memory is that of one pod; expected cookie or redis, or replicas: 1" -}}
{{- end -}}
{{- if and $several (not .Values.existingConfigMap) (not .Values.envFrom) -}}
{{- $given := .Values.secrets | keys -}}
{{- range .Values.env }}{{ $given = append $given .name }}{{ end -}}
{{- if not (or (has "session.secret" $given) (has "DOORWARD_SESSION_SECRET" $given) (dig "session" "secretFile" "" .Values.config)) -}}
{{- fail "secrets: session.secret is missing; without it each replica makes one of its own, and nobody stays signed in. Expected the Secret that holds it, or replicas: 1" -}}
{{- end -}}
{{- if not (or (has "assertion.key" $given) (has "DOORWARD_ASSERTION_KEY" $given) (dig "assertion" "keyFile" "" .Values.config)) -}}
{{- fail "secrets: assertion.key is missing; without it each replica makes one of its own, and applications refuse what another has signed. Expected the Secret that holds it, or replicas: 1" -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "doorward.validate.exposure" -}}
{{- $asked := list -}}
{{- range $part := list "ingress" "httpRoute" "autoscaling" "serviceMonitor" -}}
{{- if (index $.Values $part).enabled }}{{ $asked = append $asked $part }}{{ end -}}
{{- end -}}
{{- if and (eq .Values.mode "sidecar") $asked -}}
{{- fail (printf "%s: belongs to your workload where mode is sidecar" (first $asked)) -}}
{{- end -}}
{{- if and .Values.existingConfigMap .Values.ingress.enabled (not .Values.ingress.hosts) -}}
{{- fail "ingress.hosts: expected the hosts, as existingConfigMap can't be read here" -}}
{{- end -}}
{{- if and .Values.existingConfigMap .Values.httpRoute.enabled (not .Values.httpRoute.hostnames) -}}
{{- fail "httpRoute.hostnames: expected the hosts, as existingConfigMap can't be read here" -}}
{{- end -}}
{{- if and .Values.httpRoute.enabled (not .Values.httpRoute.parentRefs) -}}
{{- fail "httpRoute.parentRefs: expected the Gateway that is to serve it" -}}
{{- end -}}
{{- if and .Values.serviceMonitor.enabled .Values.networkPolicy.enabled (not .Values.networkPolicy.adminFrom) -}}
{{- fail "networkPolicy.adminFrom: Prometheus could not reach the admin port; expected where it runs" -}}
{{- end -}}
{{- end }}
