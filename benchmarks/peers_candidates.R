# R's part of bench_candidates.py, which runs it: Rscript peers_candidates.R PART TABLE.csv NUMBER STARTS K ...
# fpc:     least mean Jaccard of a persona over NUMBER bootstrap samples (clusterboot with k-means), for each K
# flexmix: log-likelihood of the best of STARTS latent classes of yes/no answers, for each K
given <- commandArgs(trailingOnly = TRUE)
table <- as.matrix(read.csv(given[2]))
number <- as.integer(given[3])
starts <- as.integer(given[4])
set.seed(1)

fpc <- function(k) {
  found <- fpc::clusterboot(table, B = number, bootmethod = "boot", clustermethod = fpc::kmeansCBI, k = k, runs = starts,
                            count = FALSE)
  min(found$bootmean)
}

flexmix <- function(k) {
  control <- list(iter.max = 3000, tolerance = 1e-9, minprior = 0)
  found <- flexmix::stepFlexmix(table ~ 1, k = k, nrep = starts, model = flexmix::FLXMCmvbinary(), control = control,
                                verbose = FALSE)
  as.numeric(flexmix::logLik(found))
}

for (k in as.integer(given[-(1:4)])) cat(format(list(fpc = fpc, flexmix = flexmix)[[given[1]]](k), digits = 10), "\n")
