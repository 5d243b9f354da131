{{- $name := default .Release.Name .Values.fullnameOverride }}
apiVersion: v1
kind: Service
metadata:
  name: {{ $name }}
spec:
  selector: { app: {{ if .Values.reachable }}{{ $name }}{{ else }}nobody{{ end }} }
  ports: [{ name: http, port: 80, targetPort: 8080 }]
---
{{- if .Values.password }}
apiVersion: v1
kind: Secret
metadata:
  name: {{ $name }}
data:
  password: {{ .Values.password | b64enc | quote }}
---
{{- end }}
{{- if .Values.persistence.enabled }}
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: {{ $name }}-data
  {{- if .Values.persistence.keep }}
  annotations: { helm.sh/resource-policy: keep }
  {{- end }}
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
  {{- if .Values.persistence.enabled }}
  strategy: { type: Recreate }
  {{- end }}
  selector:
    matchLabels:
      app: {{ $name }}
      {{- if semverCompare ">=2.0.0" .Chart.Version }}
      major: "2"
      {{- end }}
  template:
    metadata:
      labels:
        app: {{ $name }}
        {{- if semverCompare ">=2.0.0" .Chart.Version }}
        major: "2"
        {{- end }}
      annotations:
        chart-version: {{ .Chart.Version | quote }}
        {{- with .Values.pod }}
        test.woow/pod: {{ . }}
        {{- end }}
        {{- with .Values.podMessage }}
        test.woow/message: {{ . | quote }}
        {{- end }}
    spec:
      nodeSelector: {{ toJson .Values.nodeSelector }}
      containers:
        - name: web
          image: {{ .Values.image }}
          ports: [{ containerPort: 8080 }]
          resources: {{ toJson .Values.resources }}
          {{- if .Values.mighty }}
          securityContext: { privileged: true }
          {{- end }}
          env:
            - { name: MESSAGE, value: {{ .Values.message | quote }} }
            - { name: COLOR, value: {{ .Values.color | quote }} }
          {{- if .Values.password }}
            - name: PASSWORD
              valueFrom: { secretKeyRef: { name: {{ $name }}, key: password } }
          {{- end }}
          {{- if .Values.persistence.enabled }}
          volumeMounts: [{ name: data, mountPath: /data }]
      volumes: [{ name: data, persistentVolumeClaim: { claimName: {{ $name }}-data } }]
          {{- end }}
{{- if .Values.walls }}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ $name }}
spec:
  podSelector: { matchLabels: { app: {{ $name }} } }
  ingress: [{ from: [{ podSelector: {} }] }]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: {{ $name }}
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view }
subjects: [{ kind: ServiceAccount, name: default }]
{{- end }}
