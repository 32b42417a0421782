{{/*
The container, as an entry of a list of containers, and what it needs of its pod. A chart that depends on this one, with
`mode: sidecar`, includes them with `.Subcharts.doorward` as the context; docs/kubernetes.md shows how.
*/}}
{{- define "doorward.sidecar" -}}
- name: doorward
  image: {{ include "doorward.image" . }}
  imagePullPolicy: {{ .Values.image.pullPolicy }}
  {{- with .Values.command }}
  command: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.args }}
  args: {{- toYaml . | nindent 4 }}
  {{- end }}
  env:
    {{- include "doorward.env" . | nindent 4 }}
  {{- with .Values.envFrom }}
  envFrom: {{- toYaml . | nindent 4 }}
  {{- end }}
  # Names of their own: those of an application's container may not be the same.
  ports:
    - name: doorward
      containerPort: {{ include "doorward.port" . }}
    - name: doorward-admin
      containerPort: {{ include "doorward.adminPort" . }}
  startupProbe:
    httpGet: { path: /livez, port: doorward-admin }
    {{- toYaml .Values.probes.startup | nindent 4 }}
  livenessProbe:
    httpGet: { path: /livez, port: doorward-admin }
    {{- toYaml .Values.probes.liveness | nindent 4 }}
  readinessProbe:
    httpGet: { path: /readyz, port: doorward-admin }
    {{- toYaml .Values.probes.readiness | nindent 4 }}
  {{- with .Values.lifecycle }}
  lifecycle: {{- toYaml . | nindent 4 }}
  {{- end }}
  resources: {{- toYaml .Values.resources | nindent 4 }}
  securityContext: {{- toYaml .Values.securityContext | nindent 4 }}
  volumeMounts:
    # Folders, not files by subPath: those would never see a change.
    - { name: doorward-config, mountPath: /etc/doorward, readOnly: true }
    {{- if .Values.secrets }}
    - { name: doorward-secrets, mountPath: /run/secrets/doorward, readOnly: true }
    {{- end }}
    {{- with .Values.volumeMounts }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end }}

{{- define "doorward.sidecar.volumes" -}}
- name: doorward-config
  configMap:
    name: {{ include "doorward.configMapName" . }}
{{- with .Values.secrets }}
- name: doorward-secrets
  projected:
    defaultMode: 0444
    sources:
      {{- range $path, $source := . }}
      - secret:
          name: {{ $source.name }}
          items: [{ key: {{ $source.key | quote }}, path: {{ $path | quote }} }]
      {{- end }}
{{- end }}
{{- with .Values.volumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Another configuration is another pod, unless `rollOnConfigChange` is off. */}}
{{- define "doorward.sidecar.annotations" -}}
{{- if and .Values.rollOnConfigChange (not .Values.existingConfigMap) -}}
checksum/doorward: {{ .Values.config | toJson | sha256sum }}
{{- end }}
{{- end }}

{{/* Of a setting's file: session.redis.password → DOORWARD_SESSION_REDIS_PASSWORD_FILE. */}}
{{- define "doorward.fileVariable" -}}
DOORWARD_{{ regexReplaceAll "([A-Z])" . "_${1}" | replace "." "_" | upper }}_FILE
{{- end }}

{{- define "doorward.env" -}}
- { name: DOORWARD_CONFIG, value: /etc/doorward/doorward.yaml }
{{- if not (dig "admin" "listen" "" .Values.config) }}
- { name: DOORWARD_ADMIN_LISTEN, value: {{ include "doorward.adminListen" . | quote }} }
{{- end }}
{{- with .Values.nodeOptions }}
- { name: NODE_OPTIONS, value: {{ quote . }} }
{{- end }}
{{- range $path, $_ := .Values.secrets }}
{{- if contains "." $path }}
- { name: {{ include "doorward.fileVariable" $path }}, value: /run/secrets/doorward/{{ $path }} }
{{- end }}
{{- end }}
{{- with .Values.env }}
{{ toYaml . }}
{{- end }}
{{- end }}
