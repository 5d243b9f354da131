{{- $name := default .Release.Name .Values.fullnameOverride }}
{{- $hooks := .Values.hooks }}
{{- range list "preInstall" "postInstall" "preUpgrade" "postUpgrade" "preDelete" }}
{{- $outcome := get $hooks . }}
{{- if $outcome }}
---
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ $name }}-{{ kebabcase . }}
  annotations:
    helm.sh/hook: {{ kebabcase . }}
    helm.sh/hook-delete-policy: before-hook-creation
spec:
  backoffLimit: 0
  template:
    metadata:
      annotations:
        {{- if eq $outcome "fail" }}
        test.woow/pod: fail
        test.woow/message: the migration failed
        {{- else }}
        test.woow/pod: {{ $outcome }}
        {{- end }}
    spec:
      restartPolicy: Never
      containers: [{ name: hook, image: registry.example.com/hook:1 }]
{{- end }}
{{- end }}
