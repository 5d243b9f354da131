apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-child
data:
  greeting: {{ .Values.greeting | quote }}
