{{- $name := default .Release.Name .Values.fullnameOverride }}
{{- $fault := .Values.fault }}
{{- if eq $fault "stops" }}{{ fail "this chart refuses to be rendered" }}{{ end }}
apiVersion: v1
kind: Service
metadata:
  name: {{ $name }}
spec:
  type: {{ .Values.serviceType }}
  selector: { app: {{ $name }} }
  ports: [{ name: http, port: 80 }]
---
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: {{ $name }}{{ .Values.suffix }}
spec:
  serviceName: {{ $name }}
  selector: { matchLabels: { app: {{ $name }} } }
  template:
    metadata: { labels: { app: {{ $name }} } }
    spec:
      {{- if eq $fault "hostNetwork" }}
      hostNetwork: true
      {{- end }}
      {{- if eq $fault "hostPath" }}
      volumes: [{ name: node, hostPath: { path: /var/lib } }]
      {{- end }}
      initContainers:
        - name: prepare
          image: docker.io/example/prepare:1.0.0
      containers:
        - name: main
          image: {{ .Values.image }}
          env: [{ name: NOTE, value: {{ .Values.note | quote }} }]
          {{- if eq $fault "privileged" }}
          securityContext: { privileged: true }
          {{- end }}
          {{- if eq $fault "capability" }}
          securityContext: { capabilities: { add: [NET_BIND_SERVICE, SYS_ADMIN] } }
          {{- end }}
          {{- if eq $fault "hostPort" }}
          ports: [{ containerPort: 80, hostPort: 80 }]
          {{- end }}
{{- if eq $fault "clusterRole" }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: { name: {{ $name }} }
{{- else if eq $fault "strongRole" }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: {{ $name }} }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: edit }
{{- else if eq $fault "namespace" }}
---
apiVersion: v1
kind: ConfigMap
metadata: { name: {{ $name }}, namespace: kube-system }
{{- else if eq $fault "webhook" }}
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: { name: {{ $name }} }
{{- else if eq $fault "ingress" }}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: {{ $name }} }
{{- else if eq $fault "networkPolicy" }}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: {{ $name }} }
{{- else if eq $fault "ingressRoute" }}
---
apiVersion: traefik.io/v1alpha1
kind: IngressRoute
metadata: { name: {{ $name }} }
{{- else if eq $fault "endpoints" }}
---
apiVersion: v1
kind: Endpoints
metadata: { name: {{ $name }} }
{{- else if eq $fault "selectorless" }}
---
apiVersion: v1
kind: Service
metadata: { name: {{ $name }}-outside }
spec: { ports: [{ port: 80 }] }
{{- else if eq $fault "longService" }}
---
apiVersion: v1
kind: Service
metadata: { name: {{ $name }}-with-a-long-ending }
spec: { selector: { app: {{ $name }} }, ports: [{ port: 80 }] }
{{- else if eq $fault "yaml" }}
---
a: b: c
{{- end }}
