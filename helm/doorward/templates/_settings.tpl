{{/* What the configuration says that Kubernetes has to know too. Defaults are those of Doorward. */}}

{{- define "doorward.listen" -}}
{{ dig "server" "listen" "0.0.0.0:4180" .Values.config }}
{{- end }}

{{/* Not Doorward's default, which is loopback: the kubelet comes to the pod's address. */}}
{{- define "doorward.adminListen" -}}
{{ dig "admin" "listen" "0.0.0.0:4181" .Values.config }}
{{- end }}

{{- define "doorward.port" -}}
{{ include "doorward.listen" . | regexFind "[0-9]+$" }}
{{- end }}

{{- define "doorward.adminPort" -}}
{{ include "doorward.adminListen" . | regexFind "[0-9]+$" }}
{{- end }}

{{- define "doorward.portName" -}}
{{ ternary "https" "http" (hasKey (.Values.config.server | default dict) "tls") }}
{{- end }}

{{- define "doorward.publicHost" -}}
{{ (urlParse (dig "server" "publicUrl" "" .Values.config)).host }}
{{- end }}

{{/* A list in JSON: hosts without ports. */}}
{{- define "doorward.hosts" -}}
{{- $hosts := list -}}
{{- range prepend (dig "server" "hosts" list .Values.config) (include "doorward.publicHost" .) -}}
{{- $hosts = append $hosts (regexReplaceAll ":[0-9]+$" . "") -}}
{{- end -}}
{{- $hosts | uniq | toJson -}}
{{- end }}

{{/* A duration such as 1500ms or 2m, in whole seconds, rounded up. */}}
{{- define "doorward.seconds" -}}
{{- $count := regexFind "^[0-9]+" . | int64 -}}
{{- $unit := regexFind "[a-z]+$" . -}}
{{- if eq $unit "ms" }}{{ div (add $count 999) 1000 }}{{ else }}{{ mul $count (get (dict "s" 1 "m" 60 "h" 3600 "d" 86400) $unit) }}{{ end -}}
{{- end }}

{{/* How long a pod that is told to stop may take: not ready, but serving; finishing; closing what is left. */}}
{{- define "doorward.drainSeconds" -}}
{{- $delay := include "doorward.seconds" (dig "server" "drainDelay" "5s" .Values.config) -}}
{{- $timeout := include "doorward.seconds" (dig "server" "drainTimeout" "25s" .Values.config) -}}
{{ add $delay $timeout 5 }}
{{- end }}

{{- define "doorward.terminationGracePeriodSeconds" -}}
{{ .Values.terminationGracePeriodSeconds | default (include "doorward.drainSeconds" .) | int64 }}
{{- end }}
