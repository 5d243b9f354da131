{{- $name := default .Release.Name .Values.fullnameOverride }}
apiVersion: v1
kind: Service
metadata:
  name: {{ $name }}
spec:
  selector: { app: {{ $name }} }
  ports: [{ name: database, port: 5432 }]
---
apiVersion: v1
kind: Secret
metadata:
  name: {{ $name }}
data:
  password: {{ .Values.auth.password | b64enc | quote }}
---
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: {{ $name }}
spec:
  serviceName: {{ $name }}{{ if semverCompare ">=2.0.0" .Chart.Version }}-two{{ end }}
  selector: { matchLabels: { app: {{ $name }} } }
  template:
    metadata:
      labels: { app: {{ $name }} }
      annotations:
        chart-version: {{ .Chart.Version | quote }}
        {{- with .Values.pod }}
        test.woow/pod: {{ . }}
        {{- end }}
    spec:
      containers:
        - name: db
          image: registry.example.com/db:1
          ports: [{ containerPort: 5432 }]
          resources: {{ toJson .Values.primary.resources }}
          env:
            - { name: DATABASE, value: {{ .Values.auth.database | quote }} }
            - name: PASSWORD
              valueFrom: { secretKeyRef: { name: {{ $name }}, key: password } }
          volumeMounts: [{ name: data, mountPath: /data }]
  volumeClaimTemplates:
    - metadata: { name: data }
      spec:
        accessModes: [ReadWriteOnce]
        resources: { requests: { storage: {{ .Values.primary.persistence.size }} } }
