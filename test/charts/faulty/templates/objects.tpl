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
{{- else if eq $fault "otherRole" }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: {{ $name }} }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: woow-owner }
{{- else if eq $fault "viewRole" }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: {{ $name }} }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view }
subjects: [{ kind: ServiceAccount, name: {{ $name }}, namespace: {{ .Release.Namespace }} }]
{{- else if eq $fault "everybody" }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: {{ $name }} }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: {{ $name }} }
subjects: [{ kind: Group, name: "system:authenticated" }]
{{- else if eq $fault "neighbour" }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: {{ $name }} }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: {{ $name }} }
subjects: [{ kind: ServiceAccount, name: default, namespace: paas-ws-other }]
{{- else if eq $fault "typedList" }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBindingList
items:
  - metadata: { name: {{ $name }} }
    roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view }
{{- else if eq $fault "listInList" }}
---
apiVersion: v1
kind: List
items: [{ apiVersion: v1, kind: List, items: [{ apiVersion: v1, kind: ConfigMap, metadata: { name: x, namespace: kube-system } }] }]
{{- else if eq $fault "clusterPolicy" }}
---
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: { name: {{ $name }} }
{{- else if eq $fault "hook" }}
---
apiVersion: v1
kind: ConfigMap
metadata: { name: {{ $name }}-hook, namespace: kube-system, annotations: { helm.sh/hook: "pre-install,test" } }
{{- else if eq $fault "priority" }}
---
apiVersion: batch/v1
kind: CronJob
metadata: { name: {{ $name }} }
spec: { jobTemplate: { spec: { template: { spec: { priorityClassName: system-node-critical, containers: [] } } } } }
{{- else if eq $fault "issuer" }}
---
apiVersion: cert-manager.io/v1
kind: Issuer
metadata: { name: {{ $name }} }
spec: { acme: { server: "https://192.0.2.1" } }
{{- else if eq $fault "certificate" }}
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: { name: {{ $name }} }
spec: { secretName: x, dnsNames: [x.example.com], issuerRef: { kind: ClusterIssuer, name: letsencrypt-prod } }
{{- else if eq $fault "servedSecret" }}
---
apiVersion: v1
kind: Secret
metadata: { name: {{ .Release.Namespace }}-shop-tls }
{{- else if eq $fault "releaseRecord" }}
---
apiVersion: v1
kind: Secret
metadata: { name: {{ $name }}-state, labels: { owner: helm, name: {{ $name }} } }
{{- else if eq $fault "woowLabel" }}
---
apiVersion: v1
kind: ConfigMap
metadata: { name: {{ $name }}, labels: { app.kubernetes.io/managed-by: woow } }
{{- else if eq $fault "externalIPs" }}
---
apiVersion: v1
kind: Service
metadata: { name: {{ $name }}-outside }
spec: { externalIPs: [192.0.2.1], selector: { app: {{ $name }} }, ports: [{ port: 80 }] }
{{- else if eq $fault "externalName" }}
---
apiVersion: v1
kind: Service
metadata: { name: {{ $name }}-outside }
spec: { type: ExternalName, externalName: example.com }
{{- else if eq $fault "traefikAnnotation" }}
---
apiVersion: v1
kind: Service
metadata: { name: {{ $name }}-b, annotations: { traefik.ingress.kubernetes.io/service.serverstransport: other-x@kubernetescrd } }
spec: { selector: { app: {{ $name }} }, ports: [{ port: 80 }] }
{{- else if eq $fault "hiddenLookup" }}
---
apiVersion: v1
kind: ConfigMap
metadata: { name: {{ $name }} }
data: { found: {{ tpl (printf "{{ %sup \"v1\" \"Secret\" \"paas-charts\" \"\" | toJson }}" "look") . | quote }} }
{{- else if eq $fault "ownLookup" }}
---
apiVersion: v1
kind: ConfigMap
metadata: { name: {{ $name }} }
data: { found: {{ tpl (printf "{{ %sup \"v1\" \"Secret\" .Release.Namespace \"a\" | toJson }}" "look") . | quote }} }
{{- else if eq $fault "yaml" }}
---
a: b: c
{{- end }}
