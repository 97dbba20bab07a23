/* Run a fuzz target over the files named as arguments: the corpus in every
 * check, with any compiler.  Linked with one *_fuzz.c. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { INPUT_MAX = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int argc, char **argv)
{
	uint8_t *data = malloc(INPUT_MAX);

	if (data == NULL)
		return 1;
	for (int i = 1; i < argc; i++) {
		FILE *f = fopen(argv[i], "rb");
		size_t n;

		if (f == NULL) {
			perror(argv[i]);
			free(data);
			return 1;
		}
		n = fread(data, 1, INPUT_MAX, f);
		(void)fclose(f);
		(void)LLVMFuzzerTestOneInput(data, n);
	}
	(void)printf("%d inputs\n", argc - 1);
	free(data);
	return 0;
}
