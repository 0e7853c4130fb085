"""Bolt: logs a numbered line for every tuple, counting from 1 in each process."""
import os

import storm


class Numbers(storm.BasicBolt):
    def initialize(self, conf, context):
        self.n, self.task = 0, context["taskid"]

    def process(self, tup):
        self.n += 1
        storm.logInfo("numbered %d %d %d %s" % (self.task, os.getpid(), self.n, "." * 150))


Numbers().run()
