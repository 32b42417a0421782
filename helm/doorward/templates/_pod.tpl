{{- define "doorward.podSpec" -}}
# Doorward asks nothing of Kubernetes, and needs no variables for Services.
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .Values.serviceAccountName }}
serviceAccountName: {{ . }}
{{- end }}
terminationGracePeriodSeconds: {{ include "doorward.terminationGracePeriodSeconds" . }}
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.podSecurityContext }}
securityContext: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.initContainers }}
initContainers: {{- toYaml . | nindent 2 }}
{{- end }}
containers:
  {{- include "doorward.sidecar" . | nindent 2 }}
  {{- with .Values.containers }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
volumes: {{- include "doorward.sidecar.volumes" . | nindent 2 }}
{{- with .Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.topologySpreadConstraints }}
{{- $ours := dict "labelSelector" (dict "matchLabels" (include "doorward.podSelector" $ | fromYaml)) }}
{{- $spread := list }}
{{- range . }}{{ $spread = append $spread (merge dict . $ours) }}{{ end }}
topologySpreadConstraints: {{- toYaml $spread | nindent 2 }}
{{- end }}
{{- end }}
