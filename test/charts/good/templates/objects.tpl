{{- $name := default .Release.Name .Values.fullnameOverride }}
apiVersion: v1
kind: Service
metadata:
  name: {{ $name }}
spec:
  selector: { app: {{ $name }} }
  ports: [{ name: http, port: 80, targetPort: 8080 }]
---
apiVersion: v1
kind: Secret
metadata:
  name: {{ $name }}
data:
  password: {{ .Values.password | b64enc | quote }}
  # another one with every rendering, which must not look like the effect of a value
  random: {{ randAlphaNum 16 | b64enc | quote }}
---
{{- if .Values.persistence.enabled }}
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: {{ $name }}-data
spec:
  accessModes: [ReadWriteOnce]
  resources: { requests: { storage: {{ .Values.persistence.size }} } }
---
{{- end }}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ $name }}
spec:
  replicas: {{ .Values.replicas }}
  selector: { matchLabels: { app: {{ $name }} } }
  template:
    metadata: { labels: { app: {{ $name }} } }
    spec:
      containers:
        - name: main
          image: "{{ .Values.image.repository }}:{{ .Values.image.tag }}"
          ports: [{ containerPort: 8080 }]
          resources: {{ toJson .Values.resources }}
          env:
            - { name: MESSAGE, value: {{ .Values.message | quote }} }
            - { name: COLOR, value: {{ .Values.color | quote }} }
            {{- if .Values.mail.host }}
            - { name: MAIL, value: "{{ .Values.mail.host }}:{{ .Values.mail.port }}" }
            {{- end }}
            {{- range $key, $value := .Values.config }}
            - { name: {{ $key | quote }}, value: {{ $value | quote }} }
            {{- end }}
          volumeMounts: [{ name: data, mountPath: /data }]
      volumes:
        - name: data
          {{- if and .Values.persistence.enabled .Values.persistence.mounted }}
          persistentVolumeClaim: { claimName: {{ $name }}-data }
          {{- else }}
          emptyDir: {}
          {{- end }}
---
apiVersion: v1
kind: Pod
metadata:
  name: {{ $name }}-test
  annotations: { helm.sh/hook: test }
spec:
  restartPolicy: Never
  containers: [{ name: test, image: docker.io/example/curl }]
