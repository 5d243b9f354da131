{{- range fromJsonArray .Values.also }}
---
{{ toYaml . }}
{{- end }}
