"""The bus on Kafka. What is known of aiokafka is in `clients`, `packing`, `control` and
`describing` alone."""
