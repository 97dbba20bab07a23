/* Run a fuzz target over saved inputs, without a fuzzer: each argument is a
 * file, or a folder whose files are taken.  Prints "N passed, 0 failed"; an
 * input that breaks the target ends the process, and its name is the last
 * line on stderr. */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 16 << 20 };
static unsigned done;

static int one(const char *path)
{
	uint8_t *data = malloc(INPUT_MAX), *exact = NULL;
	FILE *f = fopen(path, "rb");
	size_t n = 0;
	int rc = -1;

	if (f != NULL && data != NULL) {
		n = fread(data, 1, INPUT_MAX, f);
		/* Of the exact size, so that ASan sees one byte too many. */
		exact = malloc(n > 0 ? n : 1);
	}
	if (exact != NULL && !ferror(f)) {
		(void)memcpy(exact, data, n);
		(void)fprintf(stderr, "%s\n", path);
		(void)LLVMFuzzerTestOneInput(exact, n);
		done++;
		rc = 0;
	} else {
		perror(path);
	}
	if (f != NULL)
		(void)fclose(f);
	free(exact);
	free(data);
	return rc;
}

static int folder(const char *path)
{
	struct dirent **names = NULL;
	int n = scandir(path, &names, NULL, alphasort), rc = 0;

	if (n < 0)
		return errno == ENOTDIR ? one(path) : (perror(path), -1);
	for (int i = 0; i < n; i++) {
		char file[4096];

		(void)snprintf(file, sizeof(file), "%s/%s", path,
		               names[i]->d_name);
		if (names[i]->d_name[0] != '.' && one(file) < 0)
			rc = -1;
		free(names[i]);
	}
	free(names);
	return rc;
}

int main(int argc, char **argv)
{
	int rc = 0;

	for (int i = 1; i < argc; i++)
		if (folder(argv[i]) < 0)
			rc = 1;
	if (done == 0) {
		(void)fprintf(stderr, "no inputs\n");
		rc = 1;
	}
	(void)printf("%u passed, %d failed\n", done, rc);
	return rc;
}
