{{- define "doorward.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 52 | trimSuffix "-" }}
{{- end }}

{{/* Leaves room for a suffix such as -admin below the 63 characters of a label (RFC 1123). */}}
{{- define "doorward.fullname" -}}
{{- $name := include "doorward.name" . -}}
{{- $whole := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{- default $whole .Values.fullnameOverride | trunc 52 | trimSuffix "-" }}
{{- end }}

{{- define "doorward.selectorLabels" -}}
app.kubernetes.io/name: {{ include "doorward.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "doorward.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{ include "doorward.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.labels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* The pods that serve people; not that of `helm test`. */}}
{{- define "doorward.podSelector" -}}
{{ include "doorward.selectorLabels" . }}
app.kubernetes.io/component: gateway
{{- end }}

{{- define "doorward.testSelector" -}}
{{ include "doorward.selectorLabels" . }}
app.kubernetes.io/component: test
{{- end }}

{{- define "doorward.image" -}}
{{- with .Values.image -}}
{{- if .digest }}{{ .repository }}@{{ .digest }}{{ else }}{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end }}
{{- end }}

{{- define "doorward.configMapName" -}}
{{- default (include "doorward.fullname" .) .Values.existingConfigMap }}
{{- end }}
