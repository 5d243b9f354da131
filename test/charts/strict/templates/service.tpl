apiVersion: v1
kind: Service
metadata:
  name: {{ .Release.Name }}
  annotations: { level: {{ .Values.level | quote }}, mode: {{ .Values.mode | quote }} }
spec:
  selector: { app: {{ .Release.Name }} }
  ports: [{ port: 80 }]
