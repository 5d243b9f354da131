{{- define "reader.namespace" -}}{{ default .Release.Namespace .Values.namespace }}{{- end -}}
{{- define "reader.other" -}}kube-system{{- end -}}
