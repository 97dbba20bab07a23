/* part.h - the parts that a snapshot is made of, whatever file holds them. */
#ifndef SNAPSHOT_PART_H
#define SNAPSHOT_PART_H

#include <stdint.h>
#include <sys/types.h>

enum part_role {
	PART_DATABASE,          /* etcd's, with or without digest */
	PART_CONFIG,            /* cluster.yml */
	PART_STATE,             /* cluster state with the PKI: secret */
	PART_MANIFEST,          /* what Lifeboat knows of the snapshot */
	PART_OTHER,
};

/* The parts' names in a Lifeboat archive. */
#define PART_NAME_DATABASE "db"
#define PART_NAME_CONFIG "cluster.yml"
#define PART_NAME_STATE "cluster.state"
#define PART_NAME_MANIFEST "manifest.json"

enum { PART_NAME_MAX = 1023 };

struct part {
	enum part_role role;
	char name[PART_NAME_MAX + 1];   /* as the archive has it */
	uint64_t size;
	mode_t mode;                    /* permission bits */
	int64_t mtime;                  /* seconds since 1970 */
};

#endif
