/* dbfile.h - databases in nameless files, for the tests of what reads and
 * writes them. */
#ifndef TESTS_UNIT_DBFILE_H
#define TESTS_UNIT_DBFILE_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mvcc/image.h"

static inline int dbfile_new(void)
{
	int fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	return fd;
}

/* A sample without its digest. */
static inline int dbfile_load(const char *name)
{
	static unsigned char data[1 << 20];
	char cmd[128];
	int fd = dbfile_new();
	size_t n;
	FILE *f;

	(void)snprintf(cmd, sizeof(cmd), "zcat tests/data/etcd/%s.db.gz", name);
	f = popen(cmd, "r");
	assert_non_null(f);
	n = fread(data, 1, sizeof(data), f);
	assert_int_equal(pclose(f), 0);
	n -= n % 512 == 32 ? 32 : 0;
	assert_int_equal(write(fd, data, n), n);
	return fd;
}

/* Check the whole file; the first finding, or "". */
static inline const char *dbfile_check(int fd, struct image_summary *sum)
{
	static char text[512];
	static unsigned char block[65536];
	struct image im = IMAGE_INIT;
	struct err e = ERR_INIT;
	struct stat st;
	ssize_t n;

	text[0] = '\0';
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	if (image_open(&im, (uint64_t)st.st_size, 1, "/tmp", &e) < 0)
		fail_msg("%s", e.text);
	while ((n = read(fd, block, sizeof(block))) > 0)
		if (image_feed(&im, block, (size_t)n, &e) < 0)
			break;
	if (n > 0 || image_finish(&im, &e) < 0 ||
	    findings_check(&im.findings, &e) < 0)
		(void)snprintf(text, sizeof(text), "%s", e.text);
	if (sum != NULL)
		*sum = im.sum;
	image_close(&im);
	return text;
}

#endif
