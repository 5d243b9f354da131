{{- /* a lookup "v1" "Secret" "" "" in a comment reads nothing */}}
{{- $own := lookup "v1" "Secret" .Release.Namespace "a" }}
{{- $included := lookup "v1" "Secret" (include "reader.namespace" .) "a" }}
{{- $all := (lookup "v1" "Secret" "" "").items }}
{{- $fixed := lookup "v1" "ConfigMap" "kube-system" "a" }}
{{- $unclear := lookup "v1" "Secret" (include "reader.other" .) "a" }}
apiVersion: v1
kind: Service
metadata:
  name: {{ .Release.Name }}
  annotations: { namespace: {{ include "reader.namespace" . }} }
spec:
  selector: { app: {{ .Release.Name }} }
  ports: [{ port: 80 }]
