# The helpers of the tests against real etcd servers.

ETCD_TESTS := $(BUILD)/tests/etcd/probe

etcd-tests: $(ETCD_TESTS)

$(BUILD)/tests/etcd/probe: $(BUILD)/tests/etcd/probe.o $(LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LDLIBS)

.PHONY: etcd-tests
